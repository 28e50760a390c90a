-- one row per region and month
select cast(region as varchar) as region, cast(month_start_date as date) as month_start_date, cast(sensors as bigint) as sensors, cast(readings as bigint) as readings, cast(complete_readings as bigint) as complete_readings, cast(temperature_max as double) as temperature_max, cast(temperature_min as double) as temperature_min, cast(temperature_avg as double) as temperature_avg, cast(precipitation_avg as double) as precipitation_avg, cast(freezing_readings as bigint) as freezing_readings, cast(hot_readings as bigint) as hot_readings, cast(wet_readings as bigint) as wet_readings
from (
WITH days AS (
  SELECT
    region,
    reading_date,
    COUNT(*) AS readings,
    SUM(CASE WHEN is_complete THEN 1 ELSE 0 END) AS complete_readings,
    MAX(temperature_max) AS temperature_max,
    MIN(temperature_min) AS temperature_min,
    SUM(
      CAST(CASE
        WHEN ABS((
          temperature_avg * 100
        ) - TRUNCATE((
          temperature_avg * 100
        ))) = 0.5
        THEN 2 * ROUND((
          temperature_avg * 100
        ) / 2)
        ELSE ROUND((
          temperature_avg * 100
        ))
      END AS BIGINT)
    ) AS avg_hundredths,
    COUNT(temperature_avg) AS averages,
    SUM(
      CAST(CASE
        WHEN ABS((
          precipitation * 100
        ) - TRUNCATE((
          precipitation * 100
        ))) = 0.5
        THEN 2 * ROUND((
          precipitation * 100
        ) / 2)
        ELSE ROUND((
          precipitation * 100
        ))
      END AS BIGINT)
    ) AS precipitation_hundredths,
    COUNT(precipitation) AS precipitations,
    SUM(CASE WHEN temp_category = 'freezing' THEN 1 ELSE 0 END) AS freezing_readings,
    SUM(CASE WHEN temp_category = 'hot' THEN 1 ELSE 0 END) AS hot_readings,
    SUM(CASE WHEN precipitation_level <> 'none' THEN 1 ELSE 0 END) AS wet_readings
  FROM ${silver}.sensor_readings AS sensor_readings
  GROUP BY
    region,
    reading_date
), months AS (
  SELECT
    region,
    CAST(DATE_TRUNC('MONTH', reading_date) AS DATE) AS month_start_date,
    CAST(SUM(readings) AS BIGINT) AS readings,
    CAST(SUM(complete_readings) AS BIGINT) AS complete_readings,
    MAX(temperature_max) AS temperature_max,
    MIN(temperature_min) AS temperature_min,
    CAST(SUM(avg_hundredths) AS DOUBLE) / NULLIF(SUM(averages), 0) AS avg_hundredths,
    CAST(SUM(precipitation_hundredths) AS DOUBLE) / NULLIF(SUM(precipitations), 0) AS precipitation_hundredths,
    CAST(SUM(freezing_readings) AS BIGINT) AS freezing_readings,
    CAST(SUM(hot_readings) AS BIGINT) AS hot_readings,
    CAST(SUM(wet_readings) AS BIGINT) AS wet_readings
  FROM days
  GROUP BY
    region,
    CAST(DATE_TRUNC('MONTH', reading_date) AS DATE)
), dates AS (
  SELECT
    reading_date,
    CAST(DATE_TRUNC('MONTH', reading_date) AS DATE) AS month_start_date
  FROM (
    SELECT DISTINCT
      days.reading_date
    FROM days
  ) AS found
), present AS (
  SELECT DISTINCT
    readings.region,
    dates.month_start_date,
    readings.sensor_id
  FROM ${silver}.sensor_readings AS readings
  INNER JOIN dates
    ON readings.reading_date = dates.reading_date
), sensors AS (
  SELECT
    region,
    month_start_date,
    COUNT(*) AS sensors
  FROM present
  GROUP BY
    region,
    month_start_date
)
SELECT
  months.region,
  months.month_start_date,
  sensors.sensors,
  months.readings,
  months.complete_readings,
  months.temperature_max,
  months.temperature_min,
  CAST(CAST(CASE
    WHEN ABS((
      months.avg_hundredths
    ) - TRUNCATE((
      months.avg_hundredths
    ))) = 0.5
    THEN 2 * ROUND((
      months.avg_hundredths
    ) / 2)
    ELSE ROUND((
      months.avg_hundredths
    ))
  END AS BIGINT) AS DOUBLE) / 100 AS temperature_avg,
  CAST(CAST(CASE
    WHEN ABS(
      (
        months.precipitation_hundredths
      ) - TRUNCATE((
        months.precipitation_hundredths
      ))
    ) = 0.5
    THEN 2 * ROUND((
      months.precipitation_hundredths
    ) / 2)
    ELSE ROUND((
      months.precipitation_hundredths
    ))
  END AS BIGINT) AS DOUBLE) / 100 AS precipitation_avg,
  months.freezing_readings,
  months.hot_readings,
  months.wet_readings
FROM months
INNER JOIN sensors
  ON months.region = sensors.region
  AND months.month_start_date = sensors.month_start_date
)
