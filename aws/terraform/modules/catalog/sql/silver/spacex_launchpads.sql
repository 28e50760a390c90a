-- one row per launchpad: as the newest extraction has it
select stored.launchpad_id, stored.name, stored.full_name, stored.status, stored.locality, stored.region, stored.latitude, stored.longitude, stored.timezone, stored.launch_attempts, stored.launch_successes
from ${stored}.spacex_launchpads as stored
where regexp_extract("$path", '([^/]+)/[^/]+$', 1) = (
    select max(extraction_id) from ${stored}.runs
    where source = 'spacex' and failed_audit = '' and "interval" is null and cardinality(holds) = 0
)
