-- one row per day with a picture: of each day, as the newest extraction of that day has it
with shares as (
    select extraction_id, extraction_id as reader, "interval"[1] as since, "interval"[2] as until
    from ${stored}.runs
    where source = 'apod' and failed_audit = '' and "interval" is not null and cardinality(holds) = 0
    union all
    select extraction_id, hold[3] as reader, hold[1] as since, hold[2] as until
    from ${stored}.runs cross join unnest(holds) as each (hold)
    where source = 'apod' and failed_audit = ''
),
newest as (
    select days.day, max_by(shares.extraction_id, shares.reader || ' ' || shares.extraction_id) as extraction_id
    from (select distinct picture_date as day from ${stored}.apod_pictures) as days
    join shares on days.day >= cast(shares.since as date) and days.day < cast(shares.until as date)
    group by days.day
)
select stored.picture_date, stored.title, stored.media_type, stored.explanation, stored.credit, stored.copyright, stored.alt_text, stored.picture_url, stored.rendition_url, stored.video_url, stored.page_url, stored.is_poster, stored.is_from_withdrawn_api, stored.received_at
from ${stored}.apod_pictures as stored
join newest
    on newest.day = stored.picture_date and newest.extraction_id = regexp_extract("$path", '([^/]+)/[^/]+$', 1)
