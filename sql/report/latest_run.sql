-- The run whose content is published now.
select run_id, origin, ended_at as published_at
from ops.run
where source = %(source)s and status in ('published', 'unchanged')
order by ended_at desc
limit 1
