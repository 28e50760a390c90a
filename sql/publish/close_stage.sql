-- The new state equals the published one: discard it.
select ops.close_stage(%(table)s)
