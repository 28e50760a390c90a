-- Which ten sensors lack the most complete readings between their first day and their last?
with
sensors as (
    select
        sensor_id,
        region,
        min(reading_date) as first,
        max(reading_date) as last,
        cast((extract(epoch from max(reading_date)) - extract(epoch from min(reading_date))) / 86400 as bigint) + 1
            as days,
        count(*) as readings,
        sum(case when is_complete then 1 else 0 end) as complete
    from silver.sensor_readings
    group by sensor_id, region
)

select
    sensor_id,
    region,
    first,
    last,
    days - readings as missing,
    readings - complete as incomplete
from sensors
where complete < days
order by days - complete desc, sensor_id asc
limit 10
