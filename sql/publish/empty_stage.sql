-- Empties a stage table for the next month.
select ops.empty_stage(%(table)s)
