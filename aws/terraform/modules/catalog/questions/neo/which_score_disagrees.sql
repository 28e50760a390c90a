-- Which objects does the Palermo scale put first and a simple score last? (The score ignores how likely a hit is.)
WITH scored AS (
  SELECT
    designation,
    MAX(impact_probability) AS impact_probability,
    MAX(palermo_cumulative) AS palermo,
    MAX(seed_threat_score) AS seed_threat_score
  FROM ${gold}.neo_threats AS neo_threats
  WHERE
    seed_threat_score IS NOT NULL
  GROUP BY
    designation
), ranked AS (
  SELECT
    designation,
    impact_probability,
    palermo,
    seed_threat_score,
    RANK() OVER (ORDER BY palermo DESC) AS place_by_palermo,
    RANK() OVER (ORDER BY seed_threat_score DESC) AS place_by_score,
    COUNT(*) OVER () AS objects
  FROM scored
)
SELECT
  designation,
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
  palermo,
  place_by_palermo,
  ROUND(CAST(seed_threat_score AS DECIMAL(9, 6)), 3) AS simple_score,
  place_by_score,
  objects
FROM ranked
WHERE
  palermo IS NOT NULL
ORDER BY
  place_by_palermo ASC,
  designation ASC
LIMIT 10
