-- One row: the figures at the top of the dashboard of the rovers' photos.
select
    sum(photos)::bigint as photos,
    sum(thumbnails)::double precision / nullif(sum(photos + thumbnails), 0) as thumbnail_ratio,
    (now() at time zone 'UTC')::date - max(taken_date) filter (where rover = 'curiosity') as days_since_curiosity,
    (now() at time zone 'UTC')::date - max(taken_date) filter (where rover = 'perseverance') as days_since_perseverance
from gold.mars_activity
