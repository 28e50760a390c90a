-- one row per month and class of attention with a pass
select cast(month_start_date as date) as month_start_date, cast(attention as varchar) as attention, cast(attention_rank as integer) as attention_rank, cast(passes as bigint) as passes, cast(objects as bigint) as objects, cast(closest_ld as double) as closest_ld
from (
SELECT
  month_start_date,
  attention,
  attention_rank,
  COUNT(*) AS passes,
  COUNT(DISTINCT designation) AS objects,
  MIN(miss_distance_ld) AS closest_ld
FROM ${gold}.neo_threats AS neo_threats
GROUP BY
  month_start_date,
  attention,
  attention_rank
)
