-- etl_dataset: one row per dataset that the latest successful run of its source left in the warehouse.
select
    latest.source,
    published.dataset,
    published.rows_published as rows,
    extract(epoch from latest.published_at)::double precision as last_success_timestamp_seconds
from ops.schedule as schedule
inner join ops.latest_run as latest on schedule.source = latest.source and latest.destination = 'warehouse'
inner join ops.run_dataset as published on latest.run_id = published.run_id
