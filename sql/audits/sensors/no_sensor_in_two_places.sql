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
        staged.region,
        staged.latitude,
        staged.longitude,
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

places as (
    select * from staged
    union all
    select
        seen.sensor_id,
        seen.region,
        newest.region as other_region,
        seen.latitude,
        newest.latitude as other_latitude,
        seen.longitude,
        newest.longitude as other_longitude
    from seen
    inner join silver.sensor_readings as newest
        on seen.sensor_id = newest.sensor_id and seen.last_date = newest.reading_date
    where  -- so that Postgres leaves out the other months
        newest.reading_date >= (select seen_between.first_date from seen_between)
        and newest.reading_date <= (select seen_between.final_date from seen_between)
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
