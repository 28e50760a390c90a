-- One row per type of rocket that has flown.
select
    rocket_name as rocket,
    sum(launches)::integer as launches,
    sum(successes)::double precision / nullif(sum(successes) + sum(failures), 0) as success_ratio,
    sum(landings_tried)::integer as landings_tried,
    sum(landings_made)::double precision / nullif(sum(landings_tried), 0) as landing_ratio,
    min(launch_year)::text as first_year,
    max(launch_year)::text as last_year
from gold.launch_statistics
group by rocket_id, rocket_name
order by sum(launches) desc
