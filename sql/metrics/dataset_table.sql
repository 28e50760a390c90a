-- etl_dataset_table: one row per dataset that the latest successful run of its source left, and whether its table is gone.
-- From the catalogue, as the exporter's role may not look into silver and gold.
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
    (not exists (
        select 1
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where pg_namespace.nspname in ('silver', 'gold') and pg_class.relname = published.dataset
    ))::int as missing
from latest
inner join ops.run_dataset as published on latest.run_id = published.run_id
