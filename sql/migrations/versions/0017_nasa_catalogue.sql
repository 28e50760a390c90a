set local role platform_admin;

create view gold.nasa_catalogue as
select
    'apod' collate "C" as source,
    to_char(picture_date, 'YYYY-MM-DD') collate "C" as item_id,
    picture_date as item_date,
    media_type as kind,
    title,
    page_url,
    picture_url as image_url,
    credit
from silver.apod_pictures
union all
select
    'neo' collate "C",
    designation,
    passes.next_date,
    'object' collate "C",
    coalesce(objects.full_name, passes.full_name),
    'https://ssd.jpl.nasa.gov/tools/sbdb_lookup.html#/?sstr=' || replace(designation, ' ', '%20'),
    null,
    null
from silver.neo_objects as objects
full join (
    select
        designation,
        min(full_name) as full_name,
        min(approach_date) as next_date
    from silver.neo_close_approaches
    where approach_date >= (clock_timestamp() at time zone 'UTC')::date
    group by designation
) as passes using (designation)
union all
select
    'mars' collate "C",
    photo_id,
    taken_date,
    case when is_thumbnail then 'thumbnail' else 'photo' end collate "C",
    title,
    page_url,
    image_url,
    credit
from silver.mars_photos;

comment on view gold.nasa_catalogue is
'One row per picture of the day, near-Earth object that is listed or will pass, and photo of a rover.';
comment on column gold.nasa_catalogue.source is 'The source that holds it: apod, neo or mars.';
comment on column gold.nasa_catalogue.item_id is
'What it is called there: the picture''s day, the object''s designation, or the photo_id.';
comment on column gold.nasa_catalogue.item_date is
'The picture''s day, the day of the object''s next pass (null if none is published), or the day a photo was taken.';
comment on column gold.nasa_catalogue.kind is
'A picture''s media_type, such as image or video; object; photo or thumbnail.';
comment on column gold.nasa_catalogue.title is 'Its title, or an object''s full name; null for some photos.';
comment on column gold.nasa_catalogue.page_url is 'The page about it; null for photos from the withdrawn API.';
comment on column gold.nasa_catalogue.image_url is
'The picture or photo at its full size, or a video''s poster; null for objects, and where there is none.';
comment on column gold.nasa_catalogue.credit is 'Whom to credit; null for objects, and where it is unknown.';

reset role;
