-- etl_source_last_run: one row per source with at least one attempt, whatever the destination.
with
-- The next attempt marks a killed one as abandoned; until then it shows as running, but nobody holds its lock.
ended as (
    select
        run.source,
        run.started_at as ended_at,
        true as is_failed
    from ops.run as run
    where run.status = 'running' and run.ended_at is null and not ops.is_alive(run.run_id)
    union all
    select
        schedule.source,
        latest.ended_at,
        latest.status in ('failed', 'abandoned') as is_failed
    from ops.schedule as schedule
    cross join lateral (
        select
            run.ended_at,
            run.status
        from ops.run as run
        where run.source = schedule.source and run.ended_at is not null
        order by run.ended_at desc
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
        order by ended.ended_at desc
        limit 1
    ), false)::integer as failed
from ops.schedule as schedule
cross join lateral (
    select run.started_at
    from ops.run as run
    where run.source = schedule.source
    order by run.started_at desc
    limit 1
) as latest
