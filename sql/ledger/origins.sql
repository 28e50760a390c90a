-- Where the published content of a source has come from.
select distinct origin
from ops.run
where source = %(source)s and status in ('published', 'unchanged')
