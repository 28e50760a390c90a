-- The newest attempts, newest first.
select
    run.run_id,
    run.source,
    run.destination,
    run.interval_start,
    run.interval_end,
    run.status,
    run.origin,
    run.started_at,
    run.ended_at,
    run.error,
    coalesce(sum(datasets.rows_published), 0)::bigint as rows_published,
    (select count(*) from ops.quarantine where ops.quarantine.run_id = run.run_id) as quarantined
from ops.run as run
left join ops.run_dataset as datasets on run.run_id = datasets.run_id and datasets.is_changed
group by run.run_id
order by run.started_at desc
limit %(limit)s
