-- Which ten passes were the closest, as NeoWs lists them?
SELECT
  designation,
  approach_date,
  ROUND(CAST(miss_distance_ld AS DECIMAL(18, 6)), 3) AS lunar_distances,
  CASE
    WHEN ABS(
      (
        CAST(diameter_min_km * 1000 AS DECIMAL(18, 3))
      ) - TRUNCATE((
        CAST(diameter_min_km * 1000 AS DECIMAL(18, 3))
      ))
    ) = 0.5
    THEN 2 * ROUND((
      CAST(diameter_min_km * 1000 AS DECIMAL(18, 3))
    ) / 2)
    ELSE ROUND((
      CAST(diameter_min_km * 1000 AS DECIMAL(18, 3))
    ))
  END AS from_m,
  CASE
    WHEN ABS(
      (
        CAST(diameter_max_km * 1000 AS DECIMAL(18, 3))
      ) - TRUNCATE((
        CAST(diameter_max_km * 1000 AS DECIMAL(18, 3))
      ))
    ) = 0.5
    THEN 2 * ROUND((
      CAST(diameter_max_km * 1000 AS DECIMAL(18, 3))
    ) / 2)
    ELSE ROUND((
      CAST(diameter_max_km * 1000 AS DECIMAL(18, 3))
    ))
  END AS to_m,
  ROUND(CAST(velocity_km_s AS DECIMAL(18, 6)), 1) AS km_s,
  is_hazardous
FROM ${silver}.neows_passes AS neows_passes
ORDER BY
  miss_distance_au ASC,
  designation ASC,
  neo_id ASC
LIMIT 10
