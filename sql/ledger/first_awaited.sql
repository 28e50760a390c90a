-- The earliest day with unknown values that is still worth reading again.
select min(day) as day
from ops.awaited_day
where dataset = any(%(datasets)s) and destination = %(destination)s and day < %(until)s and awaited_until >= %(until)s
