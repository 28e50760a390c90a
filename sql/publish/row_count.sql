-- Rows of a dataset that are published.
select ops.row_count('silver', %(table)s) as row_count
