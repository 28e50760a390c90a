-- one row per landpad, on land or a ship: as the newest extraction has it
select stored.landpad_id, stored.name, stored.full_name, stored.status, stored.locality, stored.region, stored.latitude, stored.longitude, stored.type, stored.landing_attempts, stored.landing_successes
from ${stored}.spacex_landpads as stored
where regexp_extract("$path", '([^/]+)/[^/]+$', 1) = (
    select max(extraction_id) from ${stored}.runs
    where source = 'spacex' and failed_audit = '' and "interval" is null and cardinality(holds) = 0
)
