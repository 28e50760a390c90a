-- One row per core that has flown, the most reused first.
select core_id, serial, launches, reuses, first_launch_date, last_launch_date, shortest_gap_days
from gold.core_usage
order by reuses desc, core_id asc
