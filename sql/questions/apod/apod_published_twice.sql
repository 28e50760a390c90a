-- Which pictures of the day were published under more than one date?
select
    count(*) as times,
    min(picture_date) as first_date,
    max(picture_date) as last_date,
    min(title) as title
from silver.apod_pictures
where picture_url is not null and not is_poster  -- many videos share a poster
group by picture_url
having count(*) > 1
order by times desc, last_date desc, picture_url asc
limit 20
