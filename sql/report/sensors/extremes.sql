-- One row per kind of extreme.
select kind, value, unit, sensor_id, region, reading_date
from gold.sensor_extremes
order by kind
