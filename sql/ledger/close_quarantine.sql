-- These rejected records have now been published.
update ops.quarantine
set resolved_at = clock_timestamp(), resolution = 'replayed'
where quarantine_id = any(%(ids)s)
