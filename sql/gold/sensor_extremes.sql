-- gold.sensor_extremes: one row per kind of extreme.
with
hottest as (
    select
        'hottest' as kind,
        sensor_id,
        region,
        reading_date,
        temperature_max as value,
        '°C' as unit
    from silver.sensor_readings
    where temperature_max is not null
    order by temperature_max desc nulls last, reading_date asc nulls last, sensor_id asc nulls last
    limit 1
),

coldest as (
    select
        'coldest' as kind,
        sensor_id,
        region,
        reading_date,
        temperature_min as value,
        '°C' as unit
    from silver.sensor_readings
    where temperature_min is not null
    order by temperature_min asc nulls last, reading_date asc nulls last, sensor_id asc nulls last
    limit 1
),

wettest as (
    select
        'wettest' as kind,
        sensor_id,
        region,
        reading_date,
        precipitation as value,
        'mm' as unit
    from silver.sensor_readings
    where precipitation is not null
    order by precipitation desc nulls last, reading_date asc nulls last, sensor_id asc nulls last
    limit 1
),

widest_range as (
    select
        'widest_range' as kind,
        sensor_id,
        region,
        reading_date,
        temperature_range as value,
        '°C' as unit
    from silver.sensor_readings
    where temperature_range is not null
    order by temperature_range desc nulls last, reading_date asc nulls last, sensor_id asc nulls last
    limit 1
),

places as (
    select
        sensor_id,
        precipitation_level,
        row_number() over (partition by sensor_id order by reading_date asc nulls last) as place,
        lag(reading_date) over (partition by sensor_id order by reading_date asc nulls last) as date_before
    from silver.sensor_readings
),

ends as (  -- of stretches without precipitation: each day that had some or may have had, and the day after the last
    select
        sensor_id,
        place,
        date_before
    from places
    where coalesce(precipitation_level, 'not known') != 'none'
    union all
    select
        sensor_id,
        count(*) + 1 as place,
        max(reading_date) as date_before
    from silver.sensor_readings
    group by sensor_id
),

stretches as (
    select
        sensor_id,
        date_before as reading_date,
        place - 1 - coalesce(lag(place) over (partition by sensor_id order by place asc nulls last), 0) as dry_days
    from ends
),

longest as (
    select
        sensor_id,
        reading_date,
        dry_days
    from stretches
    where dry_days > 0
    order by dry_days desc nulls last, reading_date asc nulls last, sensor_id asc nulls last
    limit 1
),

driest as (
    select
        'driest' as kind,
        longest.sensor_id,
        readings.region,
        longest.reading_date,
        cast(longest.dry_days as double precision) as value,
        'days' as unit
    from longest
    inner join silver.sensor_readings as readings
        on longest.sensor_id = readings.sensor_id and longest.reading_date = readings.reading_date
)

select kind, sensor_id, region, reading_date, value, unit from hottest
union all
select kind, sensor_id, region, reading_date, value, unit from coldest
union all
select kind, sensor_id, region, reading_date, value, unit from wettest
union all
select kind, sensor_id, region, reading_date, value, unit from widest_range
union all
select kind, sensor_id, region, reading_date, value, unit from driest
