-- gold.sensor_dry_spells: one row per month and sensor with a dry day.
-- Where months are made one by one, previous.sensor_dry_spells holds the month before; otherwise nothing.
with
dates as (
    select
        reading_date,
        cast(extract(year from reading_date) as integer) as year,
        cast(extract(month from reading_date) as integer) as month,
        cast(extract(day from reading_date) as integer) as day
    from (select distinct readings.reading_date from silver.sensor_readings as readings) as found
),

days as (  -- of all sensors: what follows from a date is found once per day, not once per reading
    select
        reading_date,
        cast(date_trunc('month', reading_date) as date) as month_start_date,
        cast(round(cast(extract(epoch from reading_date) as double precision) / 86400) as bigint) as number,
        day = case
            when month in (4, 6, 9, 11) then 30
            when month != 2 then 31
            when mod(year, 4) = 0 and (mod(year, 100) != 0 or mod(year, 400) = 0) then 29
            else 28
        end as is_last_of_month
    from dates
),

dry as (  -- days in a row have the same spell
    select
        readings.sensor_id,
        readings.region,
        readings.reading_date,
        days.month_start_date,
        days.is_last_of_month,
        days.number,
        days.number - row_number() over (
            partition by readings.sensor_id order by readings.reading_date asc nulls last
        ) as spell
    from silver.sensor_readings as readings
    inner join days on readings.reading_date = days.reading_date
    where readings.precipitation_level = 'none'
),

pieces as (  -- what of a spell is in a month
    select
        sensor_id,
        spell,
        month_start_date,
        max(region) as region,
        min(reading_date) as first_date,
        max(reading_date) as end_date,
        min(number) as first_number,
        max(number) as end_number,
        max(case when is_last_of_month then 1 else 0 end) = 1 as is_open
    from dry
    group by sensor_id, spell, month_start_date
),

begun as (
    select
        sensor_id,
        month_start_date,
        region,
        end_date,
        end_number,
        is_open,
        min(first_date) over (partition by sensor_id, spell) as first_date,
        min(first_number) over (partition by sensor_id, spell) as first_number
    from pieces
),

spells as (
    select
        begun.sensor_id,
        begun.month_start_date,
        begun.region,
        begun.end_date,
        begun.is_open,
        coalesce(continued.open_since_date, begun.first_date) as since_date,
        begun.end_number - begun.first_number + 1 + coalesce(continued.open_days, 0) as dry_days
    from begun
    left join previous.sensor_dry_spells as continued
        on begun.sensor_id = continued.sensor_id and begun.first_date = begun.month_start_date
),

placed as (
    select
        sensor_id,
        month_start_date,
        region,
        end_date,
        is_open,
        since_date,
        dry_days,
        row_number() over (
            partition by sensor_id, month_start_date order by dry_days desc nulls last, end_date asc nulls last
        ) as place
    from spells
)

select
    month_start_date,
    sensor_id,
    max(case when place = 1 then region end) as region,
    max(case when place = 1 then dry_days end) as dry_days,
    max(case when place = 1 then end_date end) as end_date,
    max(case when is_open then since_date end) as open_since_date,
    max(case when is_open then dry_days else 0 end) as open_days
from placed
group by sensor_id, month_start_date
