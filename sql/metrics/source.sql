-- etl_source: one row per source that has a schedule.
select
    schedule.source,
    extract(epoch from schedule.every)::double precision as schedule_seconds,
    extract(epoch from coalesce(latest.ended_at, schedule.made_at))::double precision as last_success_timestamp_seconds
from ops.schedule as schedule
left join lateral (
    select run.ended_at
    from ops.run as run
    where run.source = schedule.source and run.destination = 'warehouse' and run.status in ('published', 'unchanged')
    order by run.ended_at desc
    limit 1
) as latest on true
