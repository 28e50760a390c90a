-- Where the published content of a source has come from, whatever the destination: all runs leave their silver in the lake.
select distinct origin
from ops.run
where source = %(source)s and status in ('published', 'unchanged')
