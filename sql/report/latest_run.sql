-- The run whose content the warehouse holds now.
select run_id, origin, published_at
from ops.latest_run
where source = %(source)s and destination = 'warehouse'
