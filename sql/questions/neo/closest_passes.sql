-- Which ten passes in the next 30 days are the closest, in lunar distances? (Counted from the newest answer.)
with
newest as (
    select max(received_date) as today
    from silver.neo_close_approaches
)

select
    threats.designation,
    threats.approach_date,
    round(cast(threats.miss_distance_ld as numeric(18, 6)), 3) as lunar_distances,
    round(cast(threats.diameter_min_km * 1000 as numeric(18, 3))) as from_m,
    round(cast(threats.diameter_max_km * 1000 as numeric(18, 3))) as to_m,
    round(cast(threats.velocity_km_s as numeric(18, 6)), 1) as km_s,
    threats.attention
from gold.neo_threats as threats
cross join newest
where threats.approach_date >= newest.today and threats.approach_date < newest.today + interval '30 days'
order by threats.miss_distance_ld asc, threats.designation asc
limit 10
