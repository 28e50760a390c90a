-- etl_dataset: one row per dataset that the latest successful run of its source left in the warehouse.
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
)

select
    latest.source,
    published.dataset,
    published.rows_published as rows,
    extract(epoch from run.ended_at)::double precision as last_success_timestamp_seconds
from latest
inner join ops.run as run on latest.run_id = run.run_id
inner join ops.run_dataset as published on latest.run_id = published.run_id
