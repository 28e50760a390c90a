-- etl_source_last_run: one row per source with at least one attempt, whatever the destination.
with
-- The next attempt marks a killed one as abandoned; until then it shows as running, but its lock is free.
ended as (
    select
        run.source,
        run.run_number as number,
        true as is_failed
    from ops.run as run
    where run.status = 'running' and run.end_number is null and not ops.is_alive(run.run_id)
    union all
    select
        schedule.source,
        latest.end_number,
        latest.status in ('failed', 'abandoned') as is_failed
    from ops.schedule as schedule
    cross join lateral (
        select
            run.end_number,
            run.status
        from ops.run as run
        where run.source = schedule.source and run.end_number is not null
        order by run.end_number desc
        limit 1
    ) as latest
)

select
    schedule.source,
    extract(epoch from latest.started_at)::double precision as timestamp_seconds,
    coalesce((
        select ended.is_failed
        from ended
        where ended.source = schedule.source
        order by ended.number desc
        limit 1
    ), false)::integer as failed
from ops.schedule as schedule
cross join lateral (
    select run.started_at
    from ops.run as run
    where run.source = schedule.source
    order by run.run_number desc
    limit 1
) as latest
