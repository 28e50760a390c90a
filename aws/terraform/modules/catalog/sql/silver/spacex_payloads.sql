-- one row per payload: as the newest extraction has it
select stored.payload_id, stored.launch_id, stored.name, stored.type, stored.orbit, stored.regime, stored.customers, stored.nationalities, stored.manufacturers, stored.mass_kg, stored.is_reused
from ${stored}.spacex_payloads as stored
where regexp_extract("$path", '([^/]+)/[^/]+$', 1) = (
    select max(extraction_id) from ${stored}.runs
    where source = 'spacex' and failed_audit = '' and "interval" is null and cardinality(holds) = 0
)
