-- gold.sensor_region_months: one row per region and month.
-- Whole hundredths are summed: a sum of doubles depends on the order in which an engine adds them.
with
days as (  -- first by day: then a month is found once per day, not once per reading
    select
        region,
        reading_date,
        count(*) as readings,
        sum(case when is_complete then 1 else 0 end) as complete_readings,
        max(temperature_max) as temperature_max,
        min(temperature_min) as temperature_min,
        sum(cast(round(temperature_avg * 100) as bigint)) as avg_hundredths,
        count(temperature_avg) as averages,
        sum(cast(round(precipitation * 100) as bigint)) as precipitation_hundredths,
        count(precipitation) as precipitations,
        sum(case when temp_category = 'freezing' then 1 else 0 end) as freezing_readings,
        sum(case when temp_category = 'hot' then 1 else 0 end) as hot_readings,
        sum(case when precipitation_level != 'none' then 1 else 0 end) as wet_readings
    from silver.sensor_readings
    group by region, reading_date
),

months as (
    select
        region,
        cast(date_trunc('month', reading_date) as date) as month_start_date,
        cast(sum(readings) as bigint) as readings,
        cast(sum(complete_readings) as bigint) as complete_readings,
        max(temperature_max) as temperature_max,
        min(temperature_min) as temperature_min,
        cast(sum(avg_hundredths) as double precision) / nullif(sum(averages), 0) as avg_hundredths,
        cast(sum(precipitation_hundredths) as double precision) / nullif(sum(precipitations), 0)
            as precipitation_hundredths,
        cast(sum(freezing_readings) as bigint) as freezing_readings,
        cast(sum(hot_readings) as bigint) as hot_readings,
        cast(sum(wet_readings) as bigint) as wet_readings
    from days
    group by region, cast(date_trunc('month', reading_date) as date)
),

dates as (
    select
        reading_date,
        cast(date_trunc('month', reading_date) as date) as month_start_date
    from (select distinct days.reading_date from days) as found
),

present as (
    select distinct
        readings.region,
        dates.month_start_date,
        readings.sensor_id
    from silver.sensor_readings as readings
    inner join dates on readings.reading_date = dates.reading_date
),

sensors as (
    select
        region,
        month_start_date,
        count(*) as sensors
    from present
    group by region, month_start_date
)

select
    months.region,
    months.month_start_date,
    sensors.sensors,
    months.readings,
    months.complete_readings,
    months.temperature_max,
    months.temperature_min,
    cast(cast(round(months.avg_hundredths) as bigint) as double precision) / 100 as temperature_avg,
    cast(cast(round(months.precipitation_hundredths) as bigint) as double precision) / 100 as precipitation_avg,
    months.freezing_readings,
    months.hot_readings,
    months.wet_readings
from months
inner join sensors on months.region = sensors.region and months.month_start_date = sensors.month_start_date
