-- Which ten passes in the next 30 days are the closest, in lunar distances? (Counted from the newest answer.)
WITH newest AS (
  SELECT
    MAX(received_date) AS today
  FROM ${silver}.neo_close_approaches AS neo_close_approaches
)
SELECT
  threats.designation,
  threats.approach_date,
  ROUND(CAST(threats.miss_distance_ld AS DECIMAL(18, 6)), 3) AS lunar_distances,
  CASE
    WHEN ABS(
      (
        CAST(threats.diameter_min_km * 1000 AS DECIMAL(18, 3))
      ) - TRUNCATE((
        CAST(threats.diameter_min_km * 1000 AS DECIMAL(18, 3))
      ))
    ) = 0.5
    THEN 2 * ROUND((
      CAST(threats.diameter_min_km * 1000 AS DECIMAL(18, 3))
    ) / 2)
    ELSE ROUND((
      CAST(threats.diameter_min_km * 1000 AS DECIMAL(18, 3))
    ))
  END AS from_m,
  CASE
    WHEN ABS(
      (
        CAST(threats.diameter_max_km * 1000 AS DECIMAL(18, 3))
      ) - TRUNCATE((
        CAST(threats.diameter_max_km * 1000 AS DECIMAL(18, 3))
      ))
    ) = 0.5
    THEN 2 * ROUND((
      CAST(threats.diameter_max_km * 1000 AS DECIMAL(18, 3))
    ) / 2)
    ELSE ROUND((
      CAST(threats.diameter_max_km * 1000 AS DECIMAL(18, 3))
    ))
  END AS to_m,
  ROUND(CAST(threats.velocity_km_s AS DECIMAL(18, 6)), 1) AS km_s,
  threats.attention
FROM ${gold}.neo_threats AS threats
CROSS JOIN newest
WHERE
  threats.approach_date >= newest.today
  AND threats.approach_date < newest.today + INTERVAL '30' DAY
ORDER BY
  threats.miss_distance_ld ASC,
  threats.designation ASC
LIMIT 10
