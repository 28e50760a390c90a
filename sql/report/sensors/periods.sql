-- One row per month, or per year where there are more than 120 months: never more than 161 rows.
with
zones as (  -- means are weighted: zones differ in how many readings they have
    select
        month_start_date,
        sum(sensors) as sensors,
        min(temperature_min) as temperature_min,
        max(temperature_max) as temperature_max,
        min(temperature_avg) as coolest_zone_avg,
        max(temperature_avg) as warmest_zone_avg,
        sum(temperature_avg * readings) as temperature_sum,
        sum(readings) filter (where temperature_avg is not null) as temperature_readings,
        sum(precipitation_avg * readings) as precipitation_sum,
        sum(wet_readings) as wet_readings
    from gold.sensor_region_months
    group by month_start_date
),

unit as (
    select case when count(*) > 120 then 'year' else 'month' end as name
    from zones
)

select
    unit.name as unit,
    date_trunc(unit.name, zones.month_start_date)::date as period_start_date,
    min(zones.temperature_min) as temperature_min,
    max(zones.temperature_max) as temperature_max,
    sum(zones.temperature_sum) / nullif(sum(zones.temperature_readings), 0) as temperature_avg,
    min(zones.coolest_zone_avg) as coolest_zone_avg,
    max(zones.warmest_zone_avg) as warmest_zone_avg,
    sum(zones.precipitation_sum / zones.sensors) as precipitation_mm,
    sum(zones.wet_readings)::bigint as wet_readings,
    sum(quality.readings)::bigint as readings,
    sum(quality.complete_readings)::bigint as complete_readings,
    sum(quality.temperature_max_nulls)::bigint as temperature_max_nulls,
    sum(quality.temperature_min_nulls)::bigint as temperature_min_nulls,
    sum(quality.precipitation_nulls)::bigint as precipitation_nulls,
    sum(quality.data_quality_score_avg * quality.readings) / sum(quality.readings) as quality_score_avg
from zones
inner join gold.sensor_quality as quality on zones.month_start_date = quality.month_start_date
cross join unit
group by unit.name, date_trunc(unit.name, zones.month_start_date)
order by period_start_date
