-- When did a rover take no photo for a sol or longer? (Two weeks are usual when the Sun is between Mars and Earth.)
WITH days AS (
  SELECT
    rover,
    taken_date,
    MIN(first_sol) AS first_sol,
    MAX(last_sol) AS last_sol
  FROM ${gold}.mars_activity AS mars_activity
  GROUP BY
    rover,
    taken_date
), neighbours AS (
  SELECT
    rover,
    taken_date,
    first_sol,
    LAG(taken_date) OVER (PARTITION BY rover ORDER BY taken_date ASC) AS previous_date,
    LAG(last_sol) OVER (PARTITION BY rover ORDER BY taken_date ASC) AS previous_sol
  FROM days
)
SELECT
  rover,
  previous_date AS last_date_before,
  taken_date AS first_date_after,
  first_sol - previous_sol - 1 AS sols_without
FROM neighbours
WHERE
  first_sol - previous_sol > 1
ORDER BY
  sols_without DESC NULLS FIRST,
  first_date_after DESC NULLS FIRST,
  rover ASC
LIMIT 20
