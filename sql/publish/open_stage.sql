-- The empty new state of a table, beside the published one.
select ops.open_stage(%(schema)s, %(table)s)
