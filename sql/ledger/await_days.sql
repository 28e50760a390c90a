-- Days were published with unknown values: they are awaited, unless they were too old when they were read.
insert into ops.awaited_day (dataset, destination, day, unknown_rows, awaited_until, run_id)
select
    %(dataset)s,
    %(destination)s,
    incomplete.day,
    incomplete.unknown_rows,
    incomplete.day + %(await_days)s,
    %(run_id)s
from unnest(%(incomplete)s::date [], %(unknown_rows)s::bigint []) as incomplete (day, unknown_rows)
where
    incomplete.day >= %(start)s
    and incomplete.day < %(end)s
    and incomplete.day + %(await_days)s >= %(read_on)s
on conflict (dataset, destination, day) do update
    set unknown_rows = excluded.unknown_rows, run_id = excluded.run_id
