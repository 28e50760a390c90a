-- one row per object and day on which it passes Earth: of each day, as the newest extraction of that day has it
with shares as (
    select extraction_id, extraction_id as reader, "interval"[1] as since, "interval"[2] as until
    from ${stored}.runs
    where source = 'neo' and failed_audit = '' and "interval" is not null and cardinality(holds) = 0
    union all
    select extraction_id, hold[3] as reader, hold[1] as since, hold[2] as until
    from ${stored}.runs cross join unnest(holds) as each (hold)
    where source = 'neo' and failed_audit = ''
),
newest as (
    select days.day, max_by(shares.extraction_id, shares.reader || ' ' || shares.extraction_id) as extraction_id
    from (select distinct approach_date as day from ${stored}.neo_close_approaches) as days
    join shares on days.day >= cast(shares.since as date) and days.day < cast(shares.until as date)
    group by days.day
)
select stored.designation, stored.approach_date, stored.approach_at, stored.full_name, stored.orbit_id, stored.miss_distance_au, stored.miss_distance_km, stored.miss_distance_ld, stored.miss_distance_min_au, stored.miss_distance_min_km, stored.miss_distance_min_ld, stored.miss_distance_max_au, stored.miss_distance_max_km, stored.miss_distance_max_ld, stored.velocity_km_s, stored.velocity_infinity_km_s, stored.impact_velocity_km_s, stored.time_uncertainty_minutes, stored.absolute_magnitude, stored.diameter_measured_km, stored.diameter_uncertainty_km, stored.diameter_min_km, stored.diameter_nominal_km, stored.diameter_max_km, stored.energy_min_mt, stored.energy_nominal_mt, stored.energy_max_mt, stored.received_at, stored.received_date
from ${stored}.neo_close_approaches as stored
join newest
    on newest.day = stored.approach_date and newest.extraction_id = regexp_extract("$path", '([^/]+)/[^/]+$', 1)
