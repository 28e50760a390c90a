-- The twenty latest pictures; reads only the last months, however many there are.
select
    pictures.picture_date,
    pictures.title,
    pictures.media_type,
    pictures.credit,
    pictures.page_url
from silver.apod_pictures as pictures
where pictures.picture_date >= (select max(months.month_start_date) - 31 from gold.apod_months as months)
order by pictures.picture_date desc
limit 20
