-- The run whose content the warehouse holds now.
select run_id, origin, ended_at as published_at
from ops.run
where source = %(source)s and destination = 'warehouse' and status in ('published', 'unchanged')
order by ended_at desc
limit 1
