-- Which are the ten latest pictures of the day?
select
    picture_date,
    title,
    media_type,
    page_url
from silver.apod_pictures
order by picture_date desc
limit 10
