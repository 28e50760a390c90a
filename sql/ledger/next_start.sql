-- By dataset, the first published day of a destination, and the first that is not: the first hole, or after the last.
with
stretches as (
    select
        published.dataset,
        min(lower(stretch.days)) as first_date,
        min(upper(stretch.days)) as next_start_date
    from ops.published_days as published
    cross join unnest(published.days) as stretch (days)
    where published.destination = %(destination)s
    group by published.dataset
)

select
    mark.dataset,
    coalesce(stretches.first_date, mark.next_start_date) as first_date,
    coalesce(stretches.next_start_date, mark.next_start_date) as next_start_date
from ops.watermark as mark
left join stretches on mark.dataset = stretches.dataset
where mark.destination = %(destination)s
