-- What a run for an interval leaves as it is.
select ops.carry_over(%(table)s, %(day_column)s, %(start)s, %(end)s, %(owner)s) as carried
