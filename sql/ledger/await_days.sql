-- Days were published with unknown values: they are awaited, unless they were too old when they were read.
insert into ops.awaited_day (dataset, destination, day, unknown_rows, awaited_until, run_id)
select
    %(dataset)s as of_dataset,
    %(destination)s as of_destination,
    incomplete.day,
    incomplete.unknown_rows,
    incomplete.day + %(await_days)s as awaited_until,
    %(run_id)s as of_run
from unnest(cast(%(incomplete)s as date[]), cast(%(unknown_rows)s as bigint[])) as incomplete (day, unknown_rows)
where
    incomplete.day >= %(start)s
    and incomplete.day < %(end)s
    and incomplete.day + %(await_days)s >= %(read_on)s
on conflict (dataset, destination, day) do update
    set unknown_rows = excluded.unknown_rows, run_id = excluded.run_id
