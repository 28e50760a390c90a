-- What follows is no longer published: it is read again.
update ops.watermark
set next_start_date = %(start)s, last_processed_date = %(start)s::date - 1
where dataset = any(%(datasets)s) and destination = %(destination)s and next_start_date > %(start)s
