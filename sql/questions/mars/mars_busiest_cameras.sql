-- Which cameras of each rover took the most photos, and what are they for?
select
    rover,
    camera,
    camera_family,
    count(case when not is_thumbnail then 1 end) as photos,
    count(case when is_thumbnail then 1 end) as thumbnails,
    count(distinct sol) as sols
from silver.mars_photos
group by rover, camera, camera_family
order by photos desc, thumbnails desc, rover asc, camera asc
limit 20
