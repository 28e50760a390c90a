-- One line per source: what the warehouse holds, and up to which day; for `make status`.
with
latest as (
    select distinct on (source) source, run_id, status, origin, ended_at
    from ops.run
    where destination = 'warehouse' and status in ('published', 'unchanged')
    order by source asc, ended_at desc
)

select
    'published: ' || source || ', run ' || run_id || ' at ' || to_char(ended_at, 'YYYY-MM-DD HH24:MI') || ' UTC'
    || ', watermark ' || coalesce((
        select max(mark.next_start_date)::text
        from ops.watermark as mark
        inner join ops.run as mover on mark.run_id = mover.run_id
        where mover.source = latest.source and mark.destination = 'warehouse'
    ), 'none') as line
from latest
order by source
