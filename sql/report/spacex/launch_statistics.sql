-- One row per year and kind of rocket.
select launch_year, rocket_id, rocket_name, launches, successes, failures, landings_tried, landings_made
from gold.launch_statistics
order by launch_year, rocket_id
