-- Which objects on the risk list pass within the published days, and how closely?
select
    designation,
    approach_date,
    round(cast(miss_distance_ld as numeric(18, 6)), 2) as lunar_distances,
    cast(round(1 / impact_probability) as bigint) as one_in,
    palermo_cumulative as palermo,
    torino_max as torino
from gold.neo_threats
where attention = 'sentry'
order by palermo_cumulative desc, approach_date desc, designation asc
limit 10
