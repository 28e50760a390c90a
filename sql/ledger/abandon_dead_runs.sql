-- A run that is still said to run though no session holds its lock was killed.
update ops.run
set status = 'abandoned', ended_at = clock_timestamp(), error = 'the process ended without a word'
where status = 'running' and not ops.is_alive(run_id)
