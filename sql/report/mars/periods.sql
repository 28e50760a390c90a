-- One row per rover and day, or month if there are more than 120 days, or year: never more than about 240 rows.
with
spans as (
    select
        count(distinct taken_date) as days,
        count(distinct month_start_date) as months
    from gold.mars_activity
),

unit as (
    select case when days <= 120 then 'day' when months <= 120 then 'month' else 'year' end as name
    from spans
)

select
    unit.name as unit,
    activity.rover,
    date_trunc(unit.name, activity.taken_date)::date as period_start_date,
    sum(activity.photos)::bigint as photos,
    sum(activity.thumbnails)::bigint as thumbnails,
    count(distinct activity.taken_date) as days,
    min(activity.taken_date) as first_taken_date,
    max(activity.taken_date) as last_taken_date
from gold.mars_activity as activity
cross join unit
group by unit.name, activity.rover, date_trunc(unit.name, activity.taken_date)
order by period_start_date asc, activity.rover asc
