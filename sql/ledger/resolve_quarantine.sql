-- Records refused by an earlier run of the same interval into the same destination were read again by this one.
update ops.quarantine
set resolved_at = clock_timestamp(), resolution = 'read again'
from ops.run
where
    ops.quarantine.run_id = ops.run.run_id
    and ops.quarantine.resolved_at is null
    and ops.run.source = %(source)s
    and ops.run.destination = %(destination)s
    and (
        %(start)s::date is null
        or (ops.run.interval_start >= %(start)s::date and ops.run.interval_end <= %(end)s::date)
    )
