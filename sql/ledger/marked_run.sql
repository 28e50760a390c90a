-- What the ledger says about the run that a destination's marker names.
select status, interval_start, interval_end, ops.is_alive(run_id) as is_alive
from ops.run
where run_id = %(run_id)s and source = %(source)s and destination = %(destination)s
