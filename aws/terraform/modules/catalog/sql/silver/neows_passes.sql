-- one row per object of NeoWs and day on which it passes Earth: of each day, as the newest extraction of that day has it
with shares as (
    select extraction_id, extraction_id as reader, "interval"[1] as since, "interval"[2] as until
    from ${stored}.runs
    where source = 'neows' and failed_audit = '' and "interval" is not null and cardinality(holds) = 0
    union all
    select extraction_id, hold[3] as reader, hold[1] as since, hold[2] as until
    from ${stored}.runs cross join unnest(holds) as each (hold)
    where source = 'neows' and failed_audit = ''
),
newest as (
    select days.day, max_by(shares.extraction_id, shares.reader || ' ' || shares.extraction_id) as extraction_id
    from (select distinct approach_date as day from ${stored}.neows_passes) as days
    join shares on days.day >= cast(shares.since as date) and days.day < cast(shares.until as date)
    group by days.day
)
select stored.neo_id, stored.approach_date, stored.approach_at, stored.designation, stored.full_name, stored.miss_distance_au, stored.miss_distance_km, stored.miss_distance_ld, stored.velocity_km_s, stored.absolute_magnitude, stored.diameter_min_km, stored.diameter_max_km, stored.is_hazardous, stored.is_on_risk_list, stored.received_at
from ${stored}.neows_passes as stored
join newest
    on newest.day = stored.approach_date and newest.extraction_id = regexp_extract("$path", '([^/]+)/[^/]+$', 1)
