-- Which objects does the Palermo scale put first and a simple score last? (The score ignores how likely a hit is.)
with
scored as (
    select
        designation,
        max(impact_probability) as impact_probability,
        max(palermo_cumulative) as palermo,
        max(seed_threat_score) as seed_threat_score
    from gold.neo_threats
    where seed_threat_score is not null
    group by designation
),

ranked as (
    select
        designation,
        impact_probability,
        palermo,
        seed_threat_score,
        rank() over (order by palermo desc nulls last) as place_by_palermo,
        rank() over (order by seed_threat_score desc nulls last) as place_by_score,
        count(*) over () as objects
    from scored
)

select
    designation,
    cast(round(1 / impact_probability) as bigint) as one_in,
    palermo,
    place_by_palermo,
    round(cast(seed_threat_score as numeric(9, 6)), 3) as simple_score,
    place_by_score,
    objects
from ranked
where palermo is not null
order by place_by_palermo asc, designation asc
limit 10
