-- etl_dataset_watermark: one row per dataset that has a watermark for the warehouse.
select
    (select run.source from ops.run as run where run.run_id = mark.run_id) as source,
    mark.dataset,
    extract(epoch from mark.next_start_date)::double precision as timestamp_seconds
from ops.watermark as mark
where mark.destination = 'warehouse'
