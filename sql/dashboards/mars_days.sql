-- One row for each of the last 30 days with a photo.
select
    days.day,
    days.curiosity,
    days.perseverance
from (
    select
        taken_date,
        to_char(taken_date, 'DD Mon') as day,
        coalesce(sum(photos) filter (where rover = 'curiosity'), 0)::bigint as curiosity,
        coalesce(sum(photos) filter (where rover = 'perseverance'), 0)::bigint as perseverance
    from gold.mars_activity
    group by taken_date
    order by taken_date desc
    limit 30
) as days
order by days.taken_date
