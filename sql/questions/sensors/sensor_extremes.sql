-- Where and when was it hottest, coldest, wettest and driest?
select
    kind,
    value,
    unit,
    sensor_id,
    region,
    reading_date
from gold.sensor_extremes
order by kind
