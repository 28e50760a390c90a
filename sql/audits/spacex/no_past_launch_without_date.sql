-- A launch that has flown has a date.
select launch_id, name
from stage.spacex_launches
where launched_at is null and not is_upcoming
