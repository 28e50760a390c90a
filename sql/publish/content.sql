-- Row count and checksum of a published table, as they were measured part by part.
select
    coalesce(sum(row_count), 0)::bigint as row_count,
    coalesce(sum(row_count), 0) || ':' || coalesce(sum(content_checksum), 0) as content_checksum
from ops.table_part
where table_name = %(table)s
