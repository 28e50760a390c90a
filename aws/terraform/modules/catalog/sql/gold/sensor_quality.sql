-- one row per month
select cast(month_start_date as date) as month_start_date, cast(readings as bigint) as readings, cast(complete_readings as bigint) as complete_readings, cast(complete_rate_pct as double) as complete_rate_pct, cast(temperature_max_nulls as bigint) as temperature_max_nulls, cast(temperature_min_nulls as bigint) as temperature_min_nulls, cast(precipitation_nulls as bigint) as precipitation_nulls, cast(data_quality_score_avg as double) as data_quality_score_avg
from (
WITH days AS (
  SELECT
    reading_date,
    COUNT(*) AS readings,
    SUM(CASE WHEN is_complete THEN 1 ELSE 0 END) AS complete_readings,
    COUNT(*) - COUNT(temperature_max) AS temperature_max_nulls,
    COUNT(*) - COUNT(temperature_min) AS temperature_min_nulls,
    COUNT(*) - COUNT(precipitation) AS precipitation_nulls,
    SUM(data_quality_score) AS scores
  FROM ${silver}.sensor_readings AS sensor_readings
  GROUP BY
    reading_date
), months AS (
  SELECT
    CAST(DATE_TRUNC('MONTH', reading_date) AS DATE) AS month_start_date,
    CAST(SUM(readings) AS BIGINT) AS readings,
    CAST(SUM(complete_readings) AS BIGINT) AS complete_readings,
    CAST(SUM(temperature_max_nulls) AS BIGINT) AS temperature_max_nulls,
    CAST(SUM(temperature_min_nulls) AS BIGINT) AS temperature_min_nulls,
    CAST(SUM(precipitation_nulls) AS BIGINT) AS precipitation_nulls,
    CAST(SUM(scores) AS BIGINT) AS scores
  FROM days
  GROUP BY
    CAST(DATE_TRUNC('MONTH', reading_date) AS DATE)
)
SELECT
  month_start_date,
  readings,
  complete_readings,
  CAST(CAST(CASE
    WHEN ABS(
      (
        CAST(complete_readings AS DOUBLE) * 10000 / readings
      ) - TRUNCATE((
        CAST(complete_readings AS DOUBLE) * 10000 / readings
      ))
    ) = 0.5
    THEN 2 * ROUND((
      CAST(complete_readings AS DOUBLE) * 10000 / readings
    ) / 2)
    ELSE ROUND((
      CAST(complete_readings AS DOUBLE) * 10000 / readings
    ))
  END AS BIGINT) AS DOUBLE) / 100 AS complete_rate_pct,
  temperature_max_nulls,
  temperature_min_nulls,
  precipitation_nulls,
  CAST(CAST(CASE
    WHEN ABS(
      (
        CAST(scores AS DOUBLE) * 100 / readings
      ) - TRUNCATE((
        CAST(scores AS DOUBLE) * 100 / readings
      ))
    ) = 0.5
    THEN 2 * ROUND((
      CAST(scores AS DOUBLE) * 100 / readings
    ) / 2)
    ELSE ROUND((
      CAST(scores AS DOUBLE) * 100 / readings
    ))
  END AS BIGINT) AS DOUBLE) / 100 AS data_quality_score_avg
FROM months
)
