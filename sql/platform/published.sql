-- One line per source for `make status`: what the warehouse holds, and up to which day.
select
    'published: ' || source || ', run ' || run_id || ' at ' || to_char(published_at, 'YYYY-MM-DD HH24:MI') || ' UTC'
    || ', watermark ' || coalesce((
        select max(mark.next_start_date)::text
        from ops.watermark as mark
        inner join ops.run as mover on mark.run_id = mover.run_id
        where mover.source = latest.source and mark.destination = 'warehouse'
    ), 'none') as line
from ops.latest_run as latest
where destination = 'warehouse'
order by source
