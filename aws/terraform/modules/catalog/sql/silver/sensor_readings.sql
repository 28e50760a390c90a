-- one row per sensor and day: of each day, as the newest extraction of that day has it
with shares as (
    select extraction_id, extraction_id as reader, "interval"[1] as since, "interval"[2] as until
    from ${stored}.runs
    where source = 'sensors' and failed_audit = '' and "interval" is not null and cardinality(holds) = 0
    union all
    select extraction_id, hold[3] as reader, hold[1] as since, hold[2] as until
    from ${stored}.runs cross join unnest(holds) as each (hold)
    where source = 'sensors' and failed_audit = ''
),
newest as (
    select days.day, max_by(shares.extraction_id, shares.reader || ' ' || shares.extraction_id) as extraction_id
    from (select distinct reading_date as day from ${stored}.sensor_readings) as days
    join shares on days.day >= cast(shares.since as date) and days.day < cast(shares.until as date)
    group by days.day
)
select stored.sensor_id, stored.region, stored.latitude, stored.longitude, stored.reading_date, stored.temperature_max, stored.temperature_min, stored.temperature_avg, stored.temperature_range, stored.temperature_max_f, stored.temperature_min_f, stored.temperature_avg_f, stored.precipitation, stored.temp_category, stored.precipitation_level, stored.is_complete, stored.data_quality_score, stored.region_avg_temp, stored.region_total_precipitation, stored.received_at, stored.processed_at, stored.processing_version
from ${stored}.sensor_readings as stored
join newest
    on newest.day = stored.reading_date and newest.extraction_id = regexp_extract("$path", '([^/]+)/[^/]+$', 1)
