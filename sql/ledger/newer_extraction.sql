-- Whether an extraction is from the server's future; and which newer one of the same days is published there already.
-- A clock that was wrong may have named one after an instant still to come: that one is not newer.
with
clock as (
    select
        clock_timestamp() as server_time,
        to_char((clock_timestamp() + %(tolerance)s) at time zone 'UTC', 'YYYYMMDD"T"HH24MISS"Z~"')
        collate "C" as last_id
),

judged as (
    select
        server_time,
        last_id,
        last_id < %(extraction_id)s as is_from_the_future
    from clock
)

select
    judged.server_time,
    judged.is_from_the_future,
    newer.extraction_id,
    newer.published_at
from judged
left join lateral (
    select
        run.extraction_id,
        run.ended_at as published_at
    from ops.run as run
    where
        run.source = %(source)s
        and run.destination = %(destination)s
        and run.status in ('published', 'unchanged')
        and run.extraction_id > %(extraction_id)s
        and run.extraction_id < judged.last_id
        and (
            run.interval_start is null
            or %(start)s::date is null
            or (run.interval_start < %(end)s::date and run.interval_end > %(start)s::date)
        )
    order by run.extraction_id desc
    limit 1
) as newer on true
