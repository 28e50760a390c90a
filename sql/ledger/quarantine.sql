-- One refused record.
insert into ops.quarantine (run_id, endpoint, page, position, reason, record)
values (%(run_id)s, %(endpoint)s, %(page)s, %(position)s, %(reason)s, %(record)s)
