-- gold.sensor_quality: one row per month.
with
days as (
    select
        reading_date,
        count(*) as readings,
        sum(case when is_complete then 1 else 0 end) as complete_readings,
        count(*) - count(temperature_max) as temperature_max_nulls,
        count(*) - count(temperature_min) as temperature_min_nulls,
        count(*) - count(precipitation) as precipitation_nulls,
        sum(data_quality_score) as scores
    from silver.sensor_readings
    group by reading_date
),

months as (
    select
        cast(date_trunc('month', reading_date) as date) as month_start_date,
        cast(sum(readings) as bigint) as readings,
        cast(sum(complete_readings) as bigint) as complete_readings,
        cast(sum(temperature_max_nulls) as bigint) as temperature_max_nulls,
        cast(sum(temperature_min_nulls) as bigint) as temperature_min_nulls,
        cast(sum(precipitation_nulls) as bigint) as precipitation_nulls,
        cast(sum(scores) as bigint) as scores
    from days
    group by cast(date_trunc('month', reading_date) as date)
)

select
    month_start_date,
    readings,
    complete_readings,
    cast(cast(round(cast(complete_readings as double precision) * 10000 / readings) as bigint) as double precision)
    / 100 as complete_rate_pct,
    temperature_max_nulls,
    temperature_min_nulls,
    precipitation_nulls,
    cast(cast(round(cast(scores as double precision) * 100 / readings) as bigint) as double precision)
    / 100 as data_quality_score_avg
from months
