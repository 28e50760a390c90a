-- gold.mars_activity: one row per rover, day on Earth and family of cameras.
select
    rover,
    taken_date,
    camera_family,
    cast(date_trunc('month', taken_date) as date) as month_start_date,
    count(case when not is_thumbnail then 1 end) as photos,
    count(case when is_thumbnail then 1 end) as thumbnails,
    count(distinct camera) as cameras,
    min(sol) as first_sol,
    max(sol) as last_sol,
    min(taken_at) as first_taken_at,
    max(taken_at) as last_taken_at
from silver.mars_photos
group by rover, taken_date, camera_family
