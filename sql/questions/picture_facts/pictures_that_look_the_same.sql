-- Which pictures were shown before, or look as if they had been?
select
    picture_date,
    title,
    other_picture_date,
    other_title,
    phash_distance,
    dhash_distance
from gold.picture_duplicates
order by other_picture_date desc, picture_date asc, source asc, item_id asc, other_source asc, other_item_id asc
limit 20
