-- One row per year with a picture.
select
    extract(year from month_start_date)::text as year,
    sum(images)::bigint as images,
    sum(videos)::bigint as videos,
    sum(others)::bigint as others
from gold.apod_months
group by extract(year from month_start_date)
order by extract(year from month_start_date)
