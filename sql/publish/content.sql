-- Row count and checksum of a table.
select row_count, content_checksum from ops.content(%(schema)s, %(table)s)
