-- The twenty latest photos, without thumbnails; reads only the last months, however many there are.
select
    photos.rover,
    photos.taken_date,
    photos.sol,
    photos.camera,
    photos.camera_family,
    photos.title,
    photos.credit,
    photos.page_url
from silver.mars_photos as photos
where
    not photos.is_thumbnail
    and photos.page_url is not null
    and photos.taken_date >= (select max(activity.month_start_date) - 31 from gold.mars_activity as activity)
order by photos.taken_at desc, photos.photo_id asc
limit 20
