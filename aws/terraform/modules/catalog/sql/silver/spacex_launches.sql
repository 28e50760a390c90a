-- one row per launch, past and upcoming: as the newest extraction has it
select stored.launch_id, stored.name, stored.flight_number, stored.rocket_id, stored.launchpad_id, stored.is_upcoming, stored.is_success, stored.is_to_be_determined, stored.is_no_earlier_than, stored.date_precision, stored.window_s, stored.static_fire_at, stored.launched_at, stored.launched_date
from ${stored}.spacex_launches as stored
where regexp_extract("$path", '([^/]+)/[^/]+$', 1) = (
    select max(extraction_id) from ${stored}.runs
    where source = 'spacex' and failed_audit = '' and "interval" is null and cardinality(holds) = 0
)
