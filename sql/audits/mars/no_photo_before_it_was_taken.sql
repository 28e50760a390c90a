-- No photo arrived before it was taken.
select
    photo_id,
    taken_at,
    arrived_at
from stage.mars_photos
where arrived_at < taken_at
