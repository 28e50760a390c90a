-- The pictures that may be reused: one row per file, with what has to be said where it first appeared.
select distinct on (sha256)
    sha256,
    title,
    picture_date,
    credit,
    page_url,
    file
from gold.picture_pool
order by sha256, picture_date, source, item_id
