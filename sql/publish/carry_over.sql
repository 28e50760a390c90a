-- Copies published rows (of some days) that the run did not read again into its new state.
select ops.carry_over(%(table)s, %(part_of)s, %(key)s, %(day)s, %(days)s::datemultirange) as carried
