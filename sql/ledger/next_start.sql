-- By dataset, the first day that is not published in a destination: the first hole, or the day after the last.
select
    mark.dataset,
    coalesce(
        (
            select min(upper(stretch.days))
            from ops.published_days as published
            cross join unnest(published.days) as stretch (days)
            where published.dataset = mark.dataset and published.destination = mark.destination
        ),
        mark.next_start_date
    ) as next_start_date
from ops.watermark as mark
where mark.destination = %(destination)s
