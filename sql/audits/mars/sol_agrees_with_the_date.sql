-- A photo's sol is the one of the day on which it was taken, give or take one.
-- Sols last 88,775.244 s and are counted from the landing, but begin at midnight on Mars: hence the one. Where only the
-- day on Earth is known, any of its instants will do.
with
rovers (rover, landed_at) as (
    values
    ('curiosity', timestamptz '2012-08-06 05:17:57+00'),
    ('perseverance', timestamptz '2021-02-18 20:55:00+00')
),

instants as (
    select
        photos.photo_id,
        photos.rover,
        photos.sol,
        photos.taken_date,
        coalesce(photos.taken_at, photos.taken_date::timestamp at time zone 'UTC') - rovers.landed_at as earliest,
        coalesce(photos.taken_at, (photos.taken_date + 1)::timestamp at time zone 'UTC') - rovers.landed_at as latest
    from stage.mars_photos as photos
    inner join rovers on photos.rover = rovers.rover
)

select
    photo_id,
    rover,
    sol,
    taken_date
from instants
where
    sol not between floor(extract(epoch from earliest) / 88775.244) - 1
    and floor(extract(epoch from latest) / 88775.244) + 1
