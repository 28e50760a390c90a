-- silver.sensor_readings: one row per sensor and day.
-- Whole hundredths are summed: a sum of doubles depends on the order in which an engine adds them.
with
boundaries as (
    select  -- the first value of each class, in °C and mm; below the first: freezing, none
        cast(0 as double precision) as cold_from,
        cast(10 as double precision) as mild_from,
        cast(20 as double precision) as warm_from,
        cast(30 as double precision) as hot_from,
        cast(0.1 as double precision) as light_from,
        cast(2.5 as double precision) as moderate_from,
        cast(10 as double precision) as heavy_from,
        cast(50 as double precision) as extreme_from
),

repeated as (
    select
        sensor_id,
        reading_date
    from parsed.sensor_observations
    group by sensor_id, reading_date
    having count(*) > 1
),

placed as (  -- only these: sorting all rows would take longer than everything else
    select
        observations.*,
        row_number() over (
            partition by observations.sensor_id, observations.reading_date
            order by
                observations.received_at desc nulls last,
                observations.temperature_max desc nulls last,
                observations.temperature_min desc nulls last,
                observations.precipitation desc nulls last,
                observations.latitude desc nulls last,
                observations.longitude desc nulls last
        ) as place
    from parsed.sensor_observations as observations
    inner join repeated
        on observations.sensor_id = repeated.sensor_id and observations.reading_date = repeated.reading_date
),

received as (
    select
        sensor_id,
        region,
        latitude,
        longitude,
        reading_date,
        temperature_max,
        temperature_min,
        precipitation,
        received_at
    from placed
    where place = 1
    union all
    select
        sensor_id,
        region,
        latitude,
        longitude,
        reading_date,
        temperature_max,
        temperature_min,
        precipitation,
        received_at
    from parsed.sensor_observations as observations
    where not exists (
        select 1 as found
        from repeated
        where observations.sensor_id = repeated.sensor_id and observations.reading_date = repeated.reading_date
    )
),

positive as (  -- turns -0 into 0: engines differ in which of two equal values they keep
    select
        sensor_id,
        region,
        latitude,
        longitude,
        reading_date,
        temperature_max + 0 as temperature_max,
        temperature_min + 0 as temperature_min,
        precipitation + 0 as precipitation,
        received_at
    from received
),

hundredths as (
    select
        sensor_id,
        region,
        latitude,
        longitude,
        reading_date,
        temperature_max,
        temperature_min,
        precipitation,
        received_at,
        cast(round((temperature_max + temperature_min) * 50) as bigint) as avg_hundredths,
        cast(round((temperature_max - temperature_min) * 100) as bigint) as range_hundredths,
        cast(round(temperature_max * 180 + 3200) as bigint) as max_f_hundredths,
        cast(round(temperature_min * 180 + 3200) as bigint) as min_f_hundredths,
        cast(round((temperature_max + temperature_min) * 90 + 3200) as bigint) as avg_f_hundredths,
        cast(round(precipitation * 100) as bigint) as precipitation_hundredths
    from positive
),

readings as (
    select
        sensor_id,
        region,
        latitude,
        longitude,
        reading_date,
        temperature_max,
        temperature_min,
        precipitation,
        received_at,
        cast(avg_hundredths as double precision) / 100 as temperature_avg,
        cast(range_hundredths as double precision) / 100 as temperature_range,
        cast(max_f_hundredths as double precision) / 100 as temperature_max_f,
        cast(min_f_hundredths as double precision) / 100 as temperature_min_f,
        cast(avg_f_hundredths as double precision) / 100 as temperature_avg_f
    from hundredths
),

regions as (
    select
        region,
        reading_date,
        cast(sum(avg_hundredths) as double precision) / nullif(count(avg_hundredths), 0) as avg_hundredths,
        cast(sum(precipitation_hundredths) as double precision) / 100 as total_precipitation
    from hundredths
    group by region, reading_date
)

select
    readings.sensor_id,
    readings.region,
    readings.latitude,
    readings.longitude,
    readings.reading_date,
    readings.temperature_max,
    readings.temperature_min,
    readings.temperature_avg,
    readings.temperature_range,
    readings.temperature_max_f,
    readings.temperature_min_f,
    readings.temperature_avg_f,
    readings.precipitation,
    case
        when readings.temperature_avg < boundaries.cold_from then 'freezing'
        when readings.temperature_avg < boundaries.mild_from then 'cold'
        when readings.temperature_avg < boundaries.warm_from then 'mild'
        when readings.temperature_avg < boundaries.hot_from then 'warm'
        when readings.temperature_avg is not null then 'hot'
    end as temp_category,
    case
        when readings.precipitation < boundaries.light_from then 'none'
        when readings.precipitation < boundaries.moderate_from then 'light'
        when readings.precipitation < boundaries.heavy_from then 'moderate'
        when readings.precipitation < boundaries.extreme_from then 'heavy'
        when readings.precipitation is not null then 'extreme'
    end as precipitation_level,
    readings.temperature_max is not null and readings.temperature_min is not null
    and readings.precipitation is not null as is_complete,
    case when readings.temperature_max is not null then 30 else 0 end
    + case when readings.temperature_min is not null then 30 else 0 end
    + case when readings.precipitation is not null then 30 else 0 end
    + case when readings.temperature_max >= readings.temperature_min then 10 else 0 end as data_quality_score,
    cast(cast(round(regions.avg_hundredths) as bigint) as double precision) / 100 as region_avg_temp,
    regions.total_precipitation as region_total_precipitation,
    readings.received_at,
    run.processed_at,
    '1' as processing_version  -- raise it with any change in what this derives from the same readings
from readings
inner join regions on readings.region = regions.region and readings.reading_date = regions.reading_date
cross join boundaries
cross join parsed.run as run
