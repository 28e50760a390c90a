-- The watermark of a destination only ever moves forward: a backfill of the past leaves it where it is.
insert into ops.watermark (dataset, destination, last_processed_date, next_start_date, run_id)
values (%(dataset)s, %(destination)s, %(end)s::date - 1, %(end)s, %(run_id)s)
on conflict (dataset, destination) do update
    set
        last_processed_date = excluded.last_processed_date,
        next_start_date = excluded.next_start_date,
        run_id = excluded.run_id
    where ops.watermark.next_start_date < excluded.next_start_date
