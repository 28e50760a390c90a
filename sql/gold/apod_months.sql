-- gold.apod_months: one row per month.
with
months as (
    select
        cast(date_trunc('month', picture_date) as date) as month_start_date,
        count(*) as pictures,
        count(case when media_type = 'image' then 1 end) as images,
        count(case when media_type in ('video', 'iframe') then 1 end) as videos,
        count(copyright) as with_copyright,
        min(picture_date) as first_picture_date,
        max(picture_date) as last_picture_date
    from silver.apod_pictures
    group by cast(date_trunc('month', picture_date) as date)
)

select
    month_start_date,
    pictures,
    images,
    videos,
    pictures - images - videos as others,
    with_copyright,
    first_picture_date,
    last_picture_date,
    cast(extract(day from last_picture_date) as bigint) - cast(extract(day from first_picture_date) as bigint) + 1
    - pictures as missing_days
from months
