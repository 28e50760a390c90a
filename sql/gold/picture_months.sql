-- gold.picture_months: one row per source and month with a picture.
with
months as (
    select
        source,
        cast(date_trunc('month', picture_date) as date) as month_start_date,
        count(*) as pictures,
        count(facts_version) as described,
        count(case when is_reusable then 1 end) as reusable,
        count(coalesce(subject_by_text, subject_by_image)) as with_subject,
        count(is_subject_agreed) as subjects_compared,
        count(case when is_subject_agreed then 1 end) as subjects_agreed,
        count(brightness) as with_brightness,
        sum(cast(round(brightness * 1000) as bigint)) as brightness_thousandths,
        count(contrast) as with_contrast,
        sum(cast(round(contrast * 1000) as bigint)) as contrast_thousandths
    from silver.picture_facts
    group by source, cast(date_trunc('month', picture_date) as date)
)

select
    source,
    month_start_date,
    pictures,
    described,
    reusable,
    with_subject,
    subjects_compared,
    subjects_agreed,
    cast(brightness_thousandths as double precision) / nullif(with_brightness, 0) / 1000 as mean_brightness,
    cast(contrast_thousandths as double precision) / nullif(with_contrast, 0) / 1000 as mean_contrast
from months
