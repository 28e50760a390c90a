-- One row per year in which a landing was attempted.
select
    launch_year::text as year,
    sum(landings_made)::integer as made,
    (sum(landings_tried) - sum(landings_made))::integer as missed
from gold.launch_statistics
group by launch_year
having sum(landings_tried) > 0
order by launch_year
