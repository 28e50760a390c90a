-- An attempt that ended in an error.
update ops.run
set status = 'failed', ended_at = clock_timestamp(), exit_code = %(exit_code)s, error = %(error)s
where run_id = %(run_id)s
