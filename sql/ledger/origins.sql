-- Where the published content of a source has come from, in any destination: every run leaves its silver in the lake.
select distinct origin
from ops.run
where source = %(source)s and status in ('published', 'unchanged')
