-- What is the maximum number of times a core has been reused?
select
    reuses,
    core_id,
    serial,
    launches,
    first_launch_date as first,
    last_launch_date as last
from gold.core_usage
where reuses = (select max(reuses) from gold.core_usage)
order by core_id
