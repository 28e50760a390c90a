-- etl_mars: one row per working rover with a photo in the warehouse.
-- From a view of its own, as the exporter's role may not look into silver and gold.
select
    'mars' as source,
    rover,
    extract(epoch from taken_date)::double precision as newest_photo_timestamp_seconds
from ops.mars_newest_photos
