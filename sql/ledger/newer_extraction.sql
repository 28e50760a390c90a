-- The newest extraction published there that is younger than the one about to be published for the same days.
select max(extraction_id) as extraction_id
from ops.run
where
    source = %(source)s
    and destination = %(destination)s
    and status in ('published', 'unchanged')
    and extraction_id > %(extraction_id)s
    and (
        interval_start is null
        or %(start)s::date is null
        or (interval_start < %(end)s::date and interval_end > %(start)s::date)
    )
