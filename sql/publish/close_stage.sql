-- The new state equals the published one: forget it.
select ops.close_stage(%(table)s)
