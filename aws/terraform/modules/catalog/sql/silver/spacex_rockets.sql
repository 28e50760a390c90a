-- one row per kind of rocket: as the newest extraction has it
select stored.rocket_id, stored.name, stored.type, stored.country, stored.stages, stored.boosters, stored.cost_per_launch_usd, stored.success_rate_pct, stored.height_m, stored.diameter_m, stored.mass_kg, stored.is_active, stored.first_flight_date
from ${stored}.spacex_rockets as stored
where regexp_extract("$path", '([^/]+)/[^/]+$', 1) = (
    select max(extraction_id) from ${stored}.runs
    where source = 'spacex' and failed_audit = '' and "interval" is null and cardinality(holds) = 0
)
