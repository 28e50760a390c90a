-- A reading that was published is still there: a later run corrects days but never removes any.
select published.sensor_id, published.reading_date
from silver.sensor_readings as published
left join stage.sensor_readings as staged
    on published.sensor_id = staged.sensor_id and published.reading_date = staged.reading_date
where staged.sensor_id is null
