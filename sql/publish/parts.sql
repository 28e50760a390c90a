-- What a published table holds: one row per month, or a single row.
select month, made_by, row_count
from ops.table_part
where table_name = %(table)s
order by month
