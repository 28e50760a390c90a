-- Partitions for the months of which rows are about to be published.
select ops.open_months(%(schema)s, %(table)s, cast(%(months)s as date[]))
