-- gold.sensor_region_months: one row per region and month.
-- Whole hundredths are summed: a sum of doubles depends on the order in which an engine adds them.
with
readings as (
    select
        region,
        cast(date_trunc('month', reading_date) as date) as month_start_date,
        sensor_id,
        is_complete,
        temperature_max,
        temperature_min,
        temp_category,
        precipitation_level,
        cast(round(temperature_avg * 100) as bigint) as avg_hundredths,
        cast(round(precipitation * 100) as bigint) as precipitation_hundredths
    from silver.sensor_readings
),

months as (
    select
        region,
        month_start_date,
        count(distinct sensor_id) as sensors,
        count(*) as readings,
        sum(case when is_complete then 1 else 0 end) as complete_readings,
        max(temperature_max) as temperature_max,
        min(temperature_min) as temperature_min,
        cast(sum(avg_hundredths) as double precision) / nullif(count(avg_hundredths), 0) as avg_hundredths,
        cast(sum(precipitation_hundredths) as double precision)
        / nullif(count(precipitation_hundredths), 0) as precipitation_hundredths,
        sum(case when temp_category = 'freezing' then 1 else 0 end) as freezing_readings,
        sum(case when temp_category = 'hot' then 1 else 0 end) as hot_readings,
        sum(case when precipitation_level != 'none' then 1 else 0 end) as wet_readings
    from readings
    group by region, month_start_date
)

select
    region,
    month_start_date,
    sensors,
    readings,
    cast(complete_readings as bigint) as complete_readings,
    temperature_max,
    temperature_min,
    cast(cast(round(avg_hundredths) as bigint) as double precision) / 100 as temperature_avg,
    cast(cast(round(precipitation_hundredths) as bigint) as double precision) / 100 as precipitation_avg,
    cast(freezing_readings as bigint) as freezing_readings,
    cast(hot_readings as bigint) as hot_readings,
    cast(wet_readings as bigint) as wet_readings
from months
