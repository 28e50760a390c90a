-- The origins of a source's published content, whatever the destination: all runs leave their silver in the lake.
select distinct origin
from ops.run
where source = %(source)s and status in ('published', 'unchanged')
