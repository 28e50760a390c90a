-- gold.picture_pool: one row per picture that may be reused and is described.
select
    source,
    item_id,
    picture_date,
    cast(date_trunc('month', picture_date) as date) as month_start_date,
    title,
    credit,
    page_url,
    picture_url,
    file,
    sha256,
    width,
    height,
    average_colour,
    brightness,
    coalesce(subject_by_text, subject_by_image) as subject
from silver.picture_facts
where
    is_reusable
    and credit is not null
    and facts_version is not null
    and file is not null
    and sha256 is not null
    and width is not null
    and height is not null
    and average_colour is not null
    and brightness is not null
