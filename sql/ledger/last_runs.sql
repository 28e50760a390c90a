-- The newest attempts, newest first. A running one whose lock no session holds was killed; a replica sees no locks.
select
    run.run_id,
    run.source,
    run.destination,
    run.interval_start,
    run.interval_end,
    case
        when run.status = 'running' and not pg_is_in_recovery() and not ops.is_alive(run.run_id) then 'abandoned'
        else run.status
    end as status,
    run.origin,
    run.started_at,
    run.ended_at,
    run.error,
    coalesce(sum(datasets.rows_published), 0)::bigint as rows_published,
    (select count(*) from ops.quarantine where ops.quarantine.run_id = run.run_id) as quarantined
from ops.run as run
left join ops.run_dataset as datasets on run.run_id = datasets.run_id and datasets.is_changed
group by run.run_id
order by run.run_number desc
limit %(limit)s
