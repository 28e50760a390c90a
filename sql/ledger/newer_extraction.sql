-- The newest extraction that is published there already and is younger than a run about to publish the same days.
select max(extracted_by) as run_id
from ops.run
where
    source = %(source)s
    and sink = %(sink)s
    and status in ('published', 'unchanged')
    and extracted_by > %(run_id)s
    and (
        interval_start is null
        or %(start)s::date is null
        or (interval_start < %(end)s::date and interval_end > %(start)s::date)
    )
