-- Counts and hashes the rows of a table, or of a month of it.
select ops.measure(%(schema)s, %(table)s, %(bookkeeping)s, %(day)s, %(month)s, %(made_by)s)
