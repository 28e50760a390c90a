-- gold.neo_attention_months: one row per month and class of attention with a pass.
select
    month_start_date,
    attention,
    attention_rank,
    count(*) as passes,
    count(distinct designation) as objects,
    min(miss_distance_ld) as closest_ld
from gold.neo_threats
group by month_start_date, attention, attention_rank
