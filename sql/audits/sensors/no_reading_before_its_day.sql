-- No day is read before it has begun.
select sensor_id, reading_date, received_at
from stage.sensor_readings
where reading_date > cast(received_at at time zone 'UTC' as date)
