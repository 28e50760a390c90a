-- What was published after the run that a destination has, it has lost: it was restored from a backup.
update ops.run
set status = 'abandoned', error = 'the destination no longer has it: it was restored from a backup'
where
    source = %(source)s
    and destination = %(destination)s
    and status in ('published', 'unchanged')
    and extraction_id is not null
    and end_number > coalesce((select marked.end_number from ops.run as marked where marked.run_id = %(run_id)s), 0)
returning run_id, interval_start, interval_end
