-- One row per sensor of the last 30 days, or cell of 50 by 50 where sensors lie closer: where, and how it was there.
-- Never more than 2,500 rows; reads only the first month and the last ones, however many there are.
with
months as (
    select
        min(month_start_date) as first_month,
        max(month_start_date) as last_month
    from gold.sensor_quality
),

first_month as (
    select min(readings.reading_date) as first_date
    from silver.sensor_readings as readings
    where readings.reading_date < (select cast(months.first_month + interval '1 month' as date) from months)
),

last_month as (
    select max(readings.reading_date) as last_date
    from silver.sensor_readings as readings
    where readings.reading_date >= (select months.last_month from months)
),

span as (
    select
        first_month.first_date,
        last_month.last_date
    from first_month
    cross join last_month
),

recent as (
    select
        readings.sensor_id,
        max(readings.region) as region,
        max(readings.latitude) as latitude,
        max(readings.longitude) as longitude,
        avg(readings.temperature_avg) as temperature_avg,
        sum(readings.precipitation) as precipitation_mm
    from silver.sensor_readings as readings
    where readings.reading_date > (select span.last_date - 30 from span)
    group by readings.sensor_id
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
