-- etl_quarantine_last_run: one row per dataset with a record in the latest extraction published into the warehouse.
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
                and run.extraction_id is not null
            order by run.end_number desc
            limit 1
        ) as run_id
    from ops.schedule as schedule
),

refused as (
    select
        latest.run_id,
        quarantine.endpoint as dataset,
        count(*) as records
    from latest
    inner join ops.quarantine as quarantine on latest.run_id = quarantine.run_id
    group by latest.run_id, quarantine.endpoint
)

select
    latest.source,
    published.dataset,
    coalesce(refused.records, 0)::double precision
    / (coalesce(refused.records, 0) + published.rows_received) as ratio
from latest
inner join ops.run_dataset as published on latest.run_id = published.run_id
left join refused on latest.run_id = refused.run_id and published.dataset = refused.dataset
where coalesce(refused.records, 0) + published.rows_received > 0
