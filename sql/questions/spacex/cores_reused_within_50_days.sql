-- Which cores were reused in less than 50 days after their previous launch?
select
    core_id,
    serial,
    launch_name,
    cast(launched_at as date) as launched,
    days_since_previous as days
from gold.core_reuses
where days_since_previous < 50
order by days_since_previous, core_id, launched_at
