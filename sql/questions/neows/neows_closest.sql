-- Which ten passes were the closest, as NeoWs lists them?
select
    designation,
    approach_date,
    round(cast(miss_distance_ld as numeric(18, 6)), 3) as lunar_distances,
    round(cast(diameter_min_km * 1000 as numeric(18, 3))) as from_m,
    round(cast(diameter_max_km * 1000 as numeric(18, 3))) as to_m,
    round(cast(velocity_km_s as numeric(18, 6)), 1) as km_s,
    is_hazardous
from silver.neows_passes
order by miss_distance_au asc, designation asc, neo_id asc
limit 10
