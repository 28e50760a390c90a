-- one row per core slot of a launch: as the newest extraction has it
select stored.launch_id, stored.position, stored.core_id, stored.landpad_id, stored.flight_number, stored.has_gridfins, stored.has_legs, stored.is_reused, stored.is_landing_attempted, stored.is_landing_success, stored.landing_type
from ${stored}.spacex_launch_cores as stored
where regexp_extract("$path", '([^/]+)/[^/]+$', 1) = (
    select max(extraction_id) from ${stored}.runs
    where source = 'spacex' and failed_audit = '' and "interval" is null and cardinality(holds) = 0
)
