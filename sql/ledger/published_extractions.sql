-- The extractions of a source that a destination has.
select distinct extraction_id
from ops.run
where
    source = %(source)s
    and destination = %(destination)s
    and status in ('published', 'unchanged')
    and extraction_id is not null
