-- Which pictures are listed on these days, with what is known about each: one row per picture with a bounded rendition.
-- Facts belong to a file: what is known about one picture holds for all others at the same URL, and only for those.
with
known as (
    select distinct on (picture_url) *
    from silver.picture_facts
    order by picture_url asc, facts_version desc nulls last, file asc nulls last, picture_date asc
),

photos as (  -- of each rover, day and camera the first: rovers take hundreds a day, most of them from one spot
    select distinct on (rover, taken_date, camera_family) *
    from silver.mars_photos
    where
        rendition_url is not null
        and credit is not null
        and page_url is not null
        and not is_thumbnail
        and camera_family in ('mast', 'navigation')
        and taken_date >= %(start)s
        and taken_date < %(end)s
    order by rover asc, taken_date asc, camera_family asc, taken_at asc nulls last, photo_id asc
),

listed as (
    select
        'apod' as source,
        picture_date::text as item_id,
        picture_date,
        title,
        explanation,
        credit,
        copyright,
        page_url,
        rendition_url as picture_url
    from silver.apod_pictures
    where
        rendition_url is not null
        and not is_poster
        and picture_date >= %(start)s
        and picture_date < %(end)s
    union all
    select
        'mars' as source,
        photo_id as item_id,
        taken_date as picture_date,
        coalesce(title, photo_id) as title,
        null as explanation,
        credit,
        null as copyright,
        page_url,
        rendition_url as picture_url
    from photos
)

select
    listed.source,
    listed.item_id,
    listed.picture_date,
    listed.title,
    listed.explanation,
    listed.credit,
    listed.copyright,
    listed.page_url,
    listed.picture_url,
    known.status,
    known.reason,
    known.attempts,
    known.tried_at,
    known.file,
    known.sha256,
    known.facts_version,
    known.model_version,
    known.bytes,
    known.format,
    known.width,
    known.height,
    known.frames,
    known.average_colour,
    known.dominant_colour,
    known.brightness,
    known.contrast,
    known.sharpness,
    known.phash,
    known.dhash,
    known.subject_by_image,
    known.subject_confidence,
    known.subject_by_text,
    known.is_subject_agreed
from listed
left join known on listed.picture_url = known.picture_url
order by listed.picture_date desc, listed.source asc, listed.item_id asc
