-- One row per month, or per year if there are more than 120 months: never more than about 120 rows.
with
unit as (
    select case when count(*) > 120 then 'year' else 'month' end as name
    from gold.apod_months
)

select
    unit.name as unit,
    date_trunc(unit.name, months.month_start_date)::date as period_start_date,
    sum(months.pictures)::bigint as pictures,
    sum(months.images)::bigint as images,
    sum(months.videos)::bigint as videos,
    sum(months.others)::bigint as others,
    sum(months.with_copyright)::bigint as with_copyright,
    sum(months.missing_days)::bigint as missing_days,
    min(months.first_picture_date) as first_picture_date,
    max(months.last_picture_date) as last_picture_date
from gold.apod_months as months
cross join unit
group by unit.name, date_trunc(unit.name, months.month_start_date)
order by period_start_date
