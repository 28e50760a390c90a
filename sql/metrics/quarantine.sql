-- etl_quarantine: one row per dataset that is in the warehouse, or whose refused records are missing from it.
with
latest as (
    select
        schedule.source,
        (
            select run.run_id
            from ops.run as run
            where
                run.source = schedule.source
                and run.destination = 'warehouse'
                and run.status in ('published', 'unchanged')
                and exists (select 1 from ops.run_dataset where ops.run_dataset.run_id = run.run_id)
            order by run.ended_at desc
            limit 1
        ) as run_id
    from ops.schedule as schedule
),

published as (
    select
        latest.source,
        done.dataset
    from latest
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
