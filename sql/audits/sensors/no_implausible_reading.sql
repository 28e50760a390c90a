-- No reading is far beyond the records measured on Earth: -89.2 to 56.7 °C, 1,825 mm in a day.
select sensor_id, reading_date, temperature_max, temperature_min, precipitation
from stage.sensor_readings
where
    temperature_max not between -100 and 65
    or temperature_min not between -100 and 65
    or precipitation not between 0 and 2500
