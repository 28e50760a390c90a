-- The newest attempts, newest first. A running one whose lock no session holds was killed; a replica sees no locks.
with
newest as (
    select *
    from ops.run
    order by run_number desc
    limit %(limit)s
)

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
    (
        select coalesce(sum(dataset.rows_published), 0)::bigint
        from ops.run_dataset as dataset
        where dataset.run_id = run.run_id and dataset.is_changed
    ) as rows_published,
    (select count(*) from ops.quarantine where ops.quarantine.run_id = run.run_id) as quarantined
from newest as run
order by run.run_number desc
