-- One row: the figures at the top of the dashboard of astronomy pictures.
select
    sum(pictures)::bigint as pictures,
    sum(videos)::double precision / nullif(sum(pictures), 0) as video_ratio,
    sum(with_copyright)::double precision / nullif(sum(pictures), 0) as copyright_ratio,
    sum(missing_days)::bigint as missing_days,
    (now() at time zone 'UTC')::date - max(last_picture_date) as days_since_last
from gold.apod_months
