-- Where sensors are, and their last 30 days: one row per sensor, or per cell of 50 by 50 where sensors lie closer.
-- Never more than 2,500 rows; reads a few pages per sensor through the primary key, however many years there are.
with recursive
sensors as (  -- each id by one look into the index
    (
        select sensor_id
        from silver.sensor_readings
        order by sensor_id
        limit 1
    )
    union all
    select (
        select min(later.sensor_id)
        from silver.sensor_readings as later
        where later.sensor_id > sensors.sensor_id
    ) as sensor_id
    from sensors
    where sensors.sensor_id is not null
),

days as (
    select
        sensors.sensor_id,
        (
            select min(readings.reading_date)
            from silver.sensor_readings as readings
            where readings.sensor_id = sensors.sensor_id
        ) as first_date,
        (
            select max(readings.reading_date)
            from silver.sensor_readings as readings
            where readings.sensor_id = sensors.sensor_id
        ) as last_date
    from sensors
    where sensors.sensor_id is not null
),

span as (
    select
        min(first_date) as first_date,
        max(last_date) as last_date,
        max(last_date) - 30 as day_before
    from days
),

recent as (
    select
        days.sensor_id,
        latest.region,
        latest.latitude,
        latest.longitude,
        latest.temperature_avg,
        latest.precipitation_mm
    from days
    cross join span
    cross join lateral (
        select
            max(readings.region) as region,
            max(readings.latitude) as latitude,
            max(readings.longitude) as longitude,
            avg(readings.temperature_avg) as temperature_avg,
            sum(readings.precipitation) as precipitation_mm
        from silver.sensor_readings as readings
        where readings.sensor_id = days.sensor_id and readings.reading_date > span.day_before
    ) as latest
),

area as (
    select
        min(latitude) as south,
        max(latitude) as north,
        min(longitude) as west,
        max(longitude) as east
    from recent
),

placed as (
    select
        recent.*,
        floor((recent.latitude - area.south) / nullif(area.north - area.south, 0) * 49.999) as cell_row,
        floor((recent.longitude - area.west) / nullif(area.east - area.west, 0) * 49.999) as cell_column
    from recent
    cross join area
)

select
    count(*) as sensors,
    min(placed.sensor_id) as sensor_id,
    min(placed.region) as region,
    avg(placed.latitude) as latitude,
    avg(placed.longitude) as longitude,
    avg(placed.temperature_avg) as temperature_avg,
    avg(placed.precipitation_mm) as precipitation_mm,
    span.first_date,
    span.last_date
from placed
cross join span
group by placed.cell_row, placed.cell_column, span.first_date, span.last_date
order by sensor_id
