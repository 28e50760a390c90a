-- etl_neo: one row per source of near-Earth objects that is published, so one or none.
-- From a view of its own, as the exporter's role may not look into silver and gold.
select
    latest.source,
    coming.possible_impacts
from ops.schedule as schedule
inner join ops.latest_run as latest on schedule.source = latest.source and latest.destination = 'warehouse'
cross join ops.neo_possible_impacts as coming
where latest.source = 'neo'
