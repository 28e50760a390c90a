-- What is the maximum number of times a core has been reused?
select
    usage.reuses,
    usage.core_id,
    usage.serial,
    usage.launches,
    usage.first_launch_date as first,
    usage.last_launch_date as last
from gold.core_usage as usage
where usage.reuses = (select max(others.reuses) from gold.core_usage as others)
order by usage.core_id
