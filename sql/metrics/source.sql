-- etl_source: one row per source that has a schedule; an optional one from its first publish on.
select
    schedule.source,
    extract(epoch from schedule.every)::double precision as schedule_seconds,
    extract(epoch from coalesce(latest.published_at, schedule.made_at))::double precision
        as last_success_timestamp_seconds
from ops.schedule as schedule
left join ops.latest_run as latest on schedule.source = latest.source and latest.destination = 'warehouse'
where not schedule.is_optional or latest.source is not null
