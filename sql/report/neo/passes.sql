-- One row per pass within 20 lunar distances, starting 30 days before the newest answer; at most the 400 closest.
with
newest as (
    select max(received_date) as today
    from silver.neo_close_approaches
)

select
    newest.today,
    threats.designation,
    threats.full_name,
    threats.approach_at,
    threats.approach_date,
    threats.attention,
    threats.attention_rank,
    threats.miss_distance_ld,
    threats.miss_distance_min_ld,
    threats.miss_distance_max_ld,
    threats.diameter_min_km,
    threats.diameter_max_km,
    threats.velocity_km_s,
    threats.is_impact_possible
from gold.neo_threats as threats
cross join newest
where
    threats.approach_date >= newest.today - 30
    and threats.approach_date < newest.today + 366
    and threats.miss_distance_ld <= 20
order by threats.miss_distance_ld asc, threats.designation asc
limit 400
