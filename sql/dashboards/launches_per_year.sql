-- One row per year with a launch.
select
    launch_year::text as year,
    sum(failures)::integer as failed,
    (sum(launches) - sum(successes) - sum(failures))::integer as not_known,
    sum(successes)::integer as succeeded
from gold.launch_statistics
group by launch_year
order by launch_year
