-- These days are no longer published.
update ops.published_days
set days = days - %(days)s::datemultirange
where dataset = any(%(datasets)s) and destination = %(destination)s
