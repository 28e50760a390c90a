-- etl_dataset_table: one row per dataset that the latest successful run of its source left; is its table missing.
-- From the catalogue, as the exporter's role may not look into silver and gold.
select
    latest.source,
    published.dataset,
    (not exists (
        select 1
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where pg_namespace.nspname in ('silver', 'gold') and pg_class.relname = published.dataset
    ))::int as missing
from ops.schedule as schedule
inner join ops.latest_run as latest on schedule.source = latest.source and latest.destination = 'warehouse'
inner join ops.run_dataset as published on latest.run_id = published.run_id
