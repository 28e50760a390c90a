-- A sensor is in one place. (A changed grid assigns existing ids to other places.)
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
having min(region) != max(region) or min(latitude) != max(latitude) or min(longitude) != max(longitude)
