-- What a run leaves as it is: published rows that it did not read again.
select ops.carry_over(%(table)s, %(part_of)s, %(key)s) as carried
