-- One row for each of the last 24 months with a picture.
select
    months.month,
    months.images,
    months.videos,
    months.others
from (
    select
        month_start_date,
        to_char(month_start_date, 'Mon YYYY') as month,
        images,
        videos,
        others
    from gold.apod_months
    order by month_start_date desc
    limit 24
) as months
order by months.month_start_date
