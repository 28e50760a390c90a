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

days as (
    select
        reading_date,
        row_number() over (order by reading_date asc nulls last) as number
    from (select distinct reading_date from silver.sensor_readings) as dates
),

sensors as (
    select
        readings.sensor_id,
        count(*) as readings,
        min(days.number) as first_number,
        max(days.number) as last_number,
        count(*) > max(days.number) - min(days.number) as has_every_day
    from silver.sensor_readings as readings
    inner join days on readings.reading_date = days.reading_date
    group by readings.sensor_id
),

counted as (  -- only where days are missing: sorting the readings of all sensors would take most of the time
    select
        readings.sensor_id,
        readings.precipitation_level,
        row_number() over (partition by readings.sensor_id order by readings.reading_date asc nulls last) as place,
        lag(days.number) over (partition by readings.sensor_id order by readings.reading_date asc nulls last)
            as number_before
    from silver.sensor_readings as readings
    inner join days on readings.reading_date = days.reading_date
    inner join sensors on readings.sensor_id = sensors.sensor_id
    where not sensors.has_every_day
),

ends as (  -- of dry stretches: each day that had or may have had precipitation, and the day after the last
    select
        readings.sensor_id,
        days.number - sensors.first_number + 1 as place,
        days.number - 1 as number_before
    from silver.sensor_readings as readings
    inner join days on readings.reading_date = days.reading_date
    inner join sensors on readings.sensor_id = sensors.sensor_id
    where sensors.has_every_day and coalesce(readings.precipitation_level, 'not known') != 'none'
    union all
    select
        sensor_id,
        place,
        number_before
    from counted
    where coalesce(precipitation_level, 'not known') != 'none'
    union all
    select
        sensor_id,
        readings + 1 as place,
        last_number as number_before
    from sensors
),

stretches as (
    select
        sensor_id,
        number_before,
        place - 1 - coalesce(lag(place) over (partition by sensor_id order by place asc nulls last), 0) as dry_days
    from ends
),

longest as (
    select
        sensor_id,
        number_before,
        dry_days
    from stretches
    where dry_days > 0
    order by dry_days desc nulls last, number_before asc nulls last, sensor_id asc nulls last
    limit 1
),

driest as (
    select
        'driest' as kind,
        longest.sensor_id,
        readings.region,
        readings.reading_date,
        cast(longest.dry_days as double precision) as value,
        'days' as unit
    from longest
    inner join days on longest.number_before = days.number
    inner join silver.sensor_readings as readings
        on longest.sensor_id = readings.sensor_id and days.reading_date = readings.reading_date
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
