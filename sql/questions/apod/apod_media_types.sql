-- How many pictures of the day were images, videos or something else, year by year?
select
    cast(extract(year from month_start_date) as integer) as year,
    cast(sum(pictures) as bigint) as pictures,
    cast(sum(images) as bigint) as images,
    cast(sum(videos) as bigint) as videos,
    cast(sum(others) as bigint) as others,
    cast(sum(with_copyright) as bigint) as with_copyright,
    cast(sum(missing_days) as bigint) as missing_days
from gold.apod_months
group by cast(extract(year from month_start_date) as integer)
order by year
