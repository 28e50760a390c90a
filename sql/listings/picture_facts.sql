-- Which pictures are listed on these days, with what is known about each: one row per picture with a bounded rendition.
-- Facts belong to a file: what is known about one picture holds for all others at the same URL, and only for those.
with
known as (
    select distinct on (picture_url) *
    from silver.picture_facts
    order by picture_url asc, facts_version desc nulls last, file asc nulls last, picture_date asc
)

select
    'apod' as source,
    listed.picture_date::text as item_id,
    listed.picture_date,
    listed.title,
    listed.explanation,
    listed.credit,
    listed.copyright,
    listed.page_url,
    listed.rendition_url as picture_url,
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
from silver.apod_pictures as listed
left join known on listed.rendition_url = known.picture_url
where
    listed.rendition_url is not null
    and not listed.is_poster
    and listed.picture_date >= %(start)s
    and listed.picture_date < %(end)s
order by listed.picture_date desc
