-- An attempt that published, or found the same content published already.
update ops.run
set
    status = %(status)s,
    ended_at = clock_timestamp(),
    exit_code = 0,
    error = null,
    extraction_id = %(extraction_id)s,
    origin = %(origin)s
where run_id = %(run_id)s
