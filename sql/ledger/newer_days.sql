-- The days of newer extractions that are published there; an interval of null is everything.
select distinct interval_start, interval_end
from ops.run
where
    source = %(source)s
    and destination = %(destination)s
    and status in ('published', 'unchanged')
    and extraction_id > %(extraction_id)s
    and extraction_id <= %(newest)s
