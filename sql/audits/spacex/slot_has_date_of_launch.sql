-- A core slot carries the day of its launch; a mix of an old and a new date would count a core twice.
select slots.launch_id, slots.position, slots.launched_date, launches.launched_date as date_of_launch
from stage.spacex_launch_cores as slots
inner join stage.spacex_launches as launches on slots.launch_id = launches.launch_id
where slots.launched_date is distinct from launches.launched_date
