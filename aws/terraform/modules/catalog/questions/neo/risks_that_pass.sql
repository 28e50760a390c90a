-- Which objects on the risk list pass within the published days, and how closely?
SELECT
  designation,
  approach_date,
  ROUND(CAST(miss_distance_ld AS DECIMAL(18, 6)), 2) AS lunar_distances,
  CAST(CASE
    WHEN ABS((
      1 / impact_probability
    ) - TRUNCATE((
      1 / impact_probability
    ))) = 0.5
    THEN 2 * ROUND((
      1 / impact_probability
    ) / 2)
    ELSE ROUND((
      1 / impact_probability
    ))
  END AS BIGINT) AS one_in,
  palermo_cumulative AS palermo,
  torino_max AS torino
FROM ${gold}.neo_threats AS neo_threats
WHERE
  attention = 'sentry'
ORDER BY
  palermo_cumulative DESC NULLS FIRST,
  approach_date DESC NULLS FIRST,
  designation ASC
LIMIT 10
