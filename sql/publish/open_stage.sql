-- The empty new state of a table, or of some days of it, beside the published one.
select ops.open_stage(%(schema)s, %(table)s)
