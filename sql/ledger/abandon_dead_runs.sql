-- A run marked as running whose lock no session holds was killed.
update ops.run
set status = 'abandoned', ended_at = clock_timestamp(), error = 'the process exited without reporting a result'
where status = 'running' and not ops.is_alive(run_id)
