-- Which region was the warmest in each month?
with
ranked as (
    select
        month_start_date,
        region,
        temperature_avg,
        temperature_max,
        row_number() over (partition by month_start_date order by temperature_avg desc, region asc) as place
    from gold.sensor_region_months
    where temperature_avg is not null
)

select
    month_start_date as month,
    region,
    temperature_avg as average,
    temperature_max as highest
from ranked
where place = 1
order by month_start_date
