-- What is known about a file with these bytes, in this version of the facts: one row, or none.
select
    status,
    reason,
    attempts,
    tried_at,
    file,
    sha256,
    facts_version,
    model_version,
    bytes,
    format,
    width,
    height,
    frames,
    average_colour,
    dominant_colour,
    brightness,
    contrast,
    sharpness,
    phash,
    dhash,
    subject_by_image,
    subject_confidence,
    subject_by_text,
    is_subject_agreed
from silver.picture_facts
where sha256 = %(sha256)s and facts_version = %(facts_version)s
order by picture_date, source, item_id
limit 1
