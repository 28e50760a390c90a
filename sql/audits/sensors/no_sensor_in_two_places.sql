-- A sensor is in one place. (A changed grid assigns existing ids to other places.)
-- Those staged are compared with each other, and with the newest published reading of another day.
with
staged as (
    select
        sensor_id,
        min(region) as region,
        max(region) as other_region,
        min(latitude) as latitude,
        max(latitude) as other_latitude,
        min(longitude) as longitude,
        max(longitude) as other_longitude
    from stage.sensor_readings
    group by sensor_id
),

seen as (
    select
        staged.sensor_id,
        (
            select max(readings.reading_date)
            from silver.sensor_readings as readings
            where
                readings.sensor_id = staged.sensor_id
                and not readings.reading_date <@ cast(%(days)s as datemultirange)
        ) as last_date
    from staged
),

seen_between as (
    select
        min(last_date) as first_date,
        max(last_date) as final_date
    from seen
),

known as (
    select
        seen.sensor_id,
        newest.region,
        newest.latitude,
        newest.longitude
    from seen
    inner join silver.sensor_readings as newest
        on seen.sensor_id = newest.sensor_id and seen.last_date = newest.reading_date
    where  -- so that Postgres leaves out the other months
        newest.reading_date >= (select seen_between.first_date from seen_between)
        and newest.reading_date <= (select seen_between.final_date from seen_between)
),

places as (
    select * from staged
    union all
    select
        staged.sensor_id,
        staged.region,
        known.region as other_region,
        staged.latitude,
        known.latitude as other_latitude,
        staged.longitude,
        known.longitude as other_longitude
    from staged
    inner join known on staged.sensor_id = known.sensor_id
)

select distinct
    sensor_id,
    region,
    other_region,
    latitude,
    other_latitude,
    longitude,
    other_longitude
from places
where region != other_region or latitude != other_latitude or longitude != other_longitude
