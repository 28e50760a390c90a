-- One row of ops.run: an attempt has begun.
insert into ops.run (run_id, source, destination, interval_start, interval_end, status, origin)
values (%(run_id)s, %(source)s, %(destination)s, %(start)s, %(end)s, 'running', %(origin)s)
returning started_at
