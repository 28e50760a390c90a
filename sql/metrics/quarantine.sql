-- etl_quarantine: one row per dataset that is in the warehouse, or whose rejected records are missing from it.
with
published as (
    select
        latest.source,
        done.dataset
    from ops.schedule as schedule
    inner join ops.latest_run as latest on schedule.source = latest.source and latest.destination = 'warehouse'
    inner join ops.run_dataset as done on latest.run_id = done.run_id
),

refused as (
    select
        run.source,
        quarantine.endpoint as dataset,
        count(*) as open_records
    from ops.quarantine as quarantine
    inner join ops.run as run on quarantine.run_id = run.run_id
    where quarantine.resolved_at is null and run.destination = 'warehouse'
    group by run.source, quarantine.endpoint
)

select
    coalesce(refused.source, published.source) as source,
    coalesce(refused.dataset, published.dataset) as dataset,
    coalesce(refused.open_records, 0) as open_records
from published
full join refused on published.source = refused.source and published.dataset = refused.dataset
