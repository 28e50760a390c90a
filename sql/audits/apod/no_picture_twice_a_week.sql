-- No picture is published under two dates within a week.
-- The archive does repeat pictures, but years later: that is a question (apod_published_twice), not a fault. An API
-- that returns one picture for many days is a fault, and nothing else would notice it. Many videos share a poster: they
-- do not count.
with
staged as (
    select
        min(picture_date) as first_date,
        max(picture_date) as last_date
    from stage.apod_pictures
),

pictures as (
    select
        picture_url,
        picture_date
    from stage.apod_pictures
    where picture_url is not null and not is_poster
    union all
    select
        published.picture_url,
        published.picture_date
    from silver.apod_pictures as published
    cross join staged
    where
        published.picture_url is not null
        and not published.is_poster
        and published.picture_date between staged.first_date - 6 and staged.last_date + 6
        and not published.picture_date <@ cast(%(days)s as datemultirange)
),

neighbours as (
    select
        picture_url,
        picture_date,
        lag(picture_date) over (partition by picture_url order by picture_date) as previous_date
    from pictures
)

select
    picture_url,
    picture_date,
    previous_date
from neighbours
where picture_date - previous_date < 7
