-- one row per object that may hit Earth, as Sentry lists it: as the newest extraction has it
with shares as (
    select extraction_id, extraction_id as reader, "interval"[1] as since, "interval"[2] as until
    from ${stored}.runs
    where source = 'neo' and failed_audit = '' and "interval" is not null and cardinality(holds) = 0
    union all
    select extraction_id, hold[3] as reader, hold[1] as since, hold[2] as until
    from ${stored}.runs cross join unnest(holds) as each (hold)
    where source = 'neo' and failed_audit = ''
)
select stored.designation, stored.full_name, stored.absolute_magnitude, stored.diameter_km, stored.velocity_infinity_km_s, stored.impact_velocity_km_s, stored.energy_mt, stored.impact_probability, stored.potential_impacts, stored.first_year, stored.last_year, stored.palermo_cumulative, stored.palermo_max, stored.torino_max, stored.last_observed_date, stored.palermo_recomputed, stored.received_at
from ${stored}.neo_risks as stored
where regexp_extract("$path", '([^/]+)/[^/]+$', 1) = (select max(extraction_id) from shares)
