-- one row per picture that a source lists, with its facts once they are known: of each day, as the newest extraction of that day has it
with shares as (
    select extraction_id, extraction_id as reader, "interval"[1] as since, "interval"[2] as until
    from ${stored}.runs
    where source = 'picture_facts' and failed_audit = '' and "interval" is not null and cardinality(holds) = 0
    union all
    select extraction_id, hold[3] as reader, hold[1] as since, hold[2] as until
    from ${stored}.runs cross join unnest(holds) as each (hold)
    where source = 'picture_facts' and failed_audit = ''
),
newest as (
    select days.day, max_by(shares.extraction_id, shares.reader || ' ' || shares.extraction_id) as extraction_id
    from (select distinct picture_date as day from ${stored}.picture_facts) as days
    join shares on days.day >= cast(shares.since as date) and days.day < cast(shares.until as date)
    group by days.day
)
select stored.source, stored.item_id, stored.picture_date, stored.title, stored.credit, stored.copyright, stored.page_url, stored.picture_url, stored.is_reusable, stored.status, stored.reason, stored.attempts, stored.tried_at, stored.file, stored.sha256, stored.facts_version, stored.model_version, stored.bytes, stored.format, stored.width, stored.height, stored.frames, stored.average_colour, stored.dominant_colour, stored.brightness, stored.contrast, stored.sharpness, stored.phash, stored.dhash, stored.subject_by_image, stored.subject_confidence, stored.subject_by_text, stored.is_subject_agreed, stored.received_at
from ${stored}.picture_facts as stored
join newest
    on newest.day = stored.picture_date and newest.extraction_id = regexp_extract("$path", '([^/]+)/[^/]+$', 1)
