-- The new state takes the place of the published one when the transaction commits.
select ops.swap(%(schema)s, %(table)s)
