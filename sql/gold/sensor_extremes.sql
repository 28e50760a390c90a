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
        sensor_id,
        region,
        reading_date,
        precipitation_level,
        sum(case when precipitation_level = 'none' then 0 else 1 end) over (  -- not known: it may have rained
            partition by sensor_id
            order by reading_date asc nulls last
            rows between unbounded preceding and current row
        ) as stretch
    from silver.sensor_readings
),

stretches as (
    select
        sensor_id,
        region,
        max(reading_date) as reading_date,
        count(*) as dry_days
    from days
    where precipitation_level = 'none'
    group by sensor_id, region, stretch
),

driest as (
    select
        'driest' as kind,
        sensor_id,
        region,
        reading_date,
        cast(dry_days as double precision) as value,
        'days' as unit
    from stretches
    order by dry_days desc nulls last, reading_date asc nulls last, sensor_id asc nulls last
    limit 1
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
