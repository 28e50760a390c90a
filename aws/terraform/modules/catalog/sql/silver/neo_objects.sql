-- one row per near-Earth object: as the newest extraction has it
with shares as (
    select extraction_id, extraction_id as reader, "interval"[1] as since, "interval"[2] as until
    from ${stored}.runs
    where source = 'neo' and failed_audit = '' and "interval" is not null and cardinality(holds) = 0
    union all
    select extraction_id, hold[3] as reader, hold[1] as since, hold[2] as until
    from ${stored}.runs cross join unnest(holds) as each (hold)
    where source = 'neo' and failed_audit = ''
)
select stored.designation, stored.full_name, stored.spk_id, stored.orbit_class, stored.absolute_magnitude, stored.diameter_measured_km, stored.albedo, stored.moid_au, stored.is_hazardous, stored.received_at
from ${stored}.neo_objects as stored
where regexp_extract("$path", '([^/]+)/[^/]+$', 1) = (select max(extraction_id) from shares)
