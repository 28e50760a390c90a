-- Row count and checksum of a table; columns named as bookkeeping do not count.
select row_count, content_checksum from ops.content(%(schema)s, %(table)s, %(bookkeeping)s)
