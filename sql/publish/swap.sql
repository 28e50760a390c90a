-- The new state replaces the published one when the transaction commits.
select ops.swap(%(schema)s, %(table)s)
