-- How many pictures did each month have, how many may be reused, and how bright were they?
select
    month_start_date,
    source,
    pictures,
    described,
    reusable,
    with_subject,
    round(cast(mean_brightness as numeric(9, 6)), 3) as brightness
from gold.picture_months
order by month_start_date desc, source asc
limit 24
