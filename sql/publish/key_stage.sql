-- Proves that keys are unique.
select ops.key_stage(%(schema)s, %(table)s)
