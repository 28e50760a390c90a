-- One row for each of the last 24 months with a photo.
select
    months.month,
    months.curiosity,
    months.perseverance
from (
    select
        month_start_date,
        to_char(month_start_date, 'Mon YYYY') as month,
        coalesce(sum(photos) filter (where rover = 'curiosity'), 0)::bigint as curiosity,
        coalesce(sum(photos) filter (where rover = 'perseverance'), 0)::bigint as perseverance
    from gold.mars_activity
    group by month_start_date
    order by month_start_date desc
    limit 24
) as months
order by months.month_start_date
