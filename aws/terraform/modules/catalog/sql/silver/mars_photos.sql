-- one row per photo of a rover: of each day, as the newest extraction of that day has it
with shares as (
    select extraction_id, extraction_id as reader, "interval"[1] as since, "interval"[2] as until
    from ${stored}.runs
    where source = 'mars' and failed_audit = '' and "interval" is not null and cardinality(holds) = 0
    union all
    select extraction_id, hold[3] as reader, hold[1] as since, hold[2] as until
    from ${stored}.runs cross join unnest(holds) as each (hold)
    where source = 'mars' and failed_audit = ''
),
newest as (
    select days.day, max_by(shares.extraction_id, shares.reader || ' ' || shares.extraction_id) as extraction_id
    from (select distinct taken_date as day from ${stored}.mars_photos) as days
    join shares on days.day >= cast(shares.since as date) and days.day < cast(shares.until as date)
    group by days.day
)
select stored.photo_id, stored.rover, stored.sol, stored.taken_date, stored.taken_at, stored.taken_at_mars, stored.arrived_at, stored.camera, stored.camera_family, stored.is_thumbnail, stored.sample_type, stored.title, stored.credit, stored.site, stored.drive, stored.image_url, stored.page_url, stored.is_from_withdrawn_api, stored.received_at, stored.rendition_url
from ${stored}.mars_photos as stored
join newest
    on newest.day = stored.taken_date and newest.extraction_id = regexp_extract("$path", '([^/]+)/[^/]+$', 1)
