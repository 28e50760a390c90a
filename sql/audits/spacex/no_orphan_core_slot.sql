-- Each core slot belongs to a launch, and its core, if one is assigned, is known.
select slots.launch_id, slots.position, slots.core_id
from stage.spacex_launch_cores as slots
left join stage.spacex_launches as launches on slots.launch_id = launches.launch_id
left join stage.spacex_cores as cores on slots.core_id = cores.core_id
where launches.launch_id is null or (slots.core_id is not null and cores.core_id is null)
