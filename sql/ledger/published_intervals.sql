-- The intervals of a source that a destination has, for a backfill to skip.
select distinct interval_start, interval_end
from ops.run
where
    source = %(source)s
    and destination = %(destination)s
    and status in ('published', 'unchanged')
    and interval_start is not null
    and extraction_id is not null  -- else it published nothing, because a later extraction of some of its days was
