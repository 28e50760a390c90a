-- One row per family of cameras that has taken a photo.
select
    camera_family,
    coalesce(sum(photos) filter (where rover = 'curiosity'), 0)::bigint as curiosity,
    coalesce(sum(photos) filter (where rover = 'perseverance'), 0)::bigint as perseverance
from gold.mars_activity
group by camera_family
order by sum(photos) desc, camera_family asc
