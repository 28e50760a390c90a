-- A day was published with unknown values.
insert into ops.awaited_day (dataset, destination, day, unknown_rows, awaited_until, run_id)
values (%(dataset)s, %(destination)s, %(day)s, %(unknown_rows)s, %(awaited_until)s, %(run_id)s)
on conflict (dataset, destination, day) do update
    set unknown_rows = excluded.unknown_rows, run_id = excluded.run_id
