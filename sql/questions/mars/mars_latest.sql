-- Which are the five latest photos of each rover?
with
photos as (
    select
        rover,
        taken_at,
        sol,
        camera,
        page_url,
        photo_id,
        row_number() over (partition by rover order by taken_at desc nulls last, photo_id asc) as place
    from silver.mars_photos
    where not is_thumbnail
)

select
    rover,
    taken_at,
    sol,
    camera,
    page_url
from photos
where place <= 5
order by rover asc, place asc
