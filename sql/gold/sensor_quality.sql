-- gold.sensor_quality: one row per month.
with
months as (
    select
        cast(date_trunc('month', reading_date) as date) as month_start_date,
        count(*) as readings,
        sum(case when is_complete then 1 else 0 end) as complete_readings,
        count(*) - count(temperature_max) as temperature_max_nulls,
        count(*) - count(temperature_min) as temperature_min_nulls,
        count(*) - count(precipitation) as precipitation_nulls,
        sum(data_quality_score) as scores
    from silver.sensor_readings
    group by cast(date_trunc('month', reading_date) as date)
)

select
    month_start_date,
    readings,
    cast(complete_readings as bigint) as complete_readings,
    cast(cast(round(cast(complete_readings as double precision) * 10000 / readings) as bigint) as double precision)
    / 100 as complete_rate_pct,
    temperature_max_nulls,
    temperature_min_nulls,
    precipitation_nulls,
    cast(cast(round(cast(scores as double precision) * 100 / readings) as bigint) as double precision)
    / 100 as data_quality_score_avg
from months
