-- gold.sensor_month_extremes: one row per month and kind of extreme.
with
days as (
    select
        reading_date,
        max(temperature_max) as hottest,
        min(temperature_min) as coldest,
        max(precipitation) as wettest,
        max(temperature_range) as widest_range
    from silver.sensor_readings
    group by reading_date
),

dated as (
    select
        reading_date,
        hottest,
        coldest,
        wettest,
        widest_range,
        cast(date_trunc('month', reading_date) as date) as month_start_date
    from days
),

months as (
    select
        month_start_date,
        max(hottest) as hottest,
        min(coldest) as coldest,
        max(wettest) as wettest,
        max(widest_range) as widest_range
    from dated
    group by month_start_date
),

extremes as (  -- days that have one of their month; null: not this one
    select
        dated.reading_date,
        months.month_start_date,
        case when dated.hottest = months.hottest then months.hottest end as hottest,
        case when dated.coldest = months.coldest then months.coldest end as coldest,
        case when dated.wettest = months.wettest then months.wettest end as wettest,
        case when dated.widest_range = months.widest_range then months.widest_range end as widest_range
    from dated
    inner join months on dated.month_start_date = months.month_start_date
    where
        dated.hottest = months.hottest
        or dated.coldest = months.coldest
        or dated.wettest = months.wettest
        or dated.widest_range = months.widest_range
),

spells as (
    select
        month_start_date,
        sensor_id,
        region,
        end_date,
        dry_days,
        max(dry_days) over (partition by month_start_date) as most_dry_days
    from gold.sensor_dry_spells
),

readings as (  -- those in which any of these values occurs
    select
        extremes.month_start_date,
        readings.sensor_id,
        readings.region,
        readings.reading_date,
        case when readings.temperature_max = extremes.hottest then extremes.hottest end as hottest,
        case when readings.temperature_min = extremes.coldest then extremes.coldest end as coldest,
        case when readings.precipitation = extremes.wettest then extremes.wettest end as wettest,
        case when readings.temperature_range = extremes.widest_range then extremes.widest_range end as widest_range
    from silver.sensor_readings as readings
    inner join extremes on readings.reading_date = extremes.reading_date
    where
        readings.temperature_max = extremes.hottest
        or readings.temperature_min = extremes.coldest
        or readings.precipitation = extremes.wettest
        or readings.temperature_range = extremes.widest_range
),

candidates as (
    select month_start_date, 'hottest' as kind, sensor_id, region, reading_date, hottest as value, '°C' as unit
    from readings
    where hottest is not null
    union all
    select month_start_date, 'coldest' as kind, sensor_id, region, reading_date, coldest as value, '°C' as unit
    from readings
    where coldest is not null
    union all
    select month_start_date, 'wettest' as kind, sensor_id, region, reading_date, wettest as value, 'mm' as unit
    from readings
    where wettest is not null
    union all
    select
        month_start_date,
        'widest_range' as kind,
        sensor_id,
        region,
        reading_date,
        widest_range as value,
        '°C' as unit
    from readings
    where widest_range is not null
    union all
    select
        month_start_date,
        'driest' as kind,
        sensor_id,
        region,
        end_date as reading_date,
        cast(dry_days as double precision) as value,
        'days' as unit
    from spells
    where dry_days = most_dry_days
),

placed as (
    select
        *,
        row_number() over (
            partition by month_start_date, kind order by reading_date asc nulls last, sensor_id asc nulls last
        ) as place
    from candidates
)

select
    month_start_date,
    kind,
    sensor_id,
    region,
    reading_date,
    value,
    unit
from placed
where place = 1
