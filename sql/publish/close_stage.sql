-- What was staged has been brought in: discards the stage table.
select ops.close_stage(%(table)s)
