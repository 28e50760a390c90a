-- Which cores were reused in less than 50 days after their previous launch?
select
    core_id,
    serial,
    launch_name,
    launched_at,
    previous_launch_name,
    days_since_previous
from gold.core_reuses
where days_since_previous < 50
order by days_since_previous, core_id, launched_at
