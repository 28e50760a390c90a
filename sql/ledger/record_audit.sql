-- What one audit found.
insert into ops.audit_result (run_id, audit, offending_rows, sample)
values (%(run_id)s, %(audit)s, %(offending_rows)s, %(sample)s)
