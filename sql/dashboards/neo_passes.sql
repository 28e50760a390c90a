-- One row per pass within 20 lunar distances, starting 30 days before the newest answer.
with
newest as (
    select max(received_date) as today
    from silver.neo_close_approaches
)

select
    threats.approach_at as time,
    case when threats.attention_rank = 1 then threats.miss_distance_ld end as on_risk_list,
    case when threats.attention_rank in (2, 4) then threats.miss_distance_ld end as hazardous,
    case when threats.attention_rank in (3, 5) then threats.miss_distance_ld end as others
from gold.neo_threats as threats
cross join newest
where threats.approach_date >= newest.today - 30 and threats.miss_distance_ld <= 20
order by threats.approach_at
