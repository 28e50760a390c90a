-- one row per month and sensor with a dry day
select cast(month_start_date as date) as month_start_date, cast(sensor_id as varchar) as sensor_id, cast(region as varchar) as region, cast(dry_days as bigint) as dry_days, cast(end_date as date) as end_date, cast(open_since_date as date) as open_since_date, cast(open_days as bigint) as open_days
from (
WITH dates AS (
  SELECT
    reading_date,
    CAST(EXTRACT(YEAR FROM reading_date) AS INTEGER) AS year,
    CAST(EXTRACT(MONTH FROM reading_date) AS INTEGER) AS month,
    CAST(EXTRACT(DAY FROM reading_date) AS INTEGER) AS day
  FROM (
    SELECT DISTINCT
      readings.reading_date
    FROM ${silver}.sensor_readings AS readings
  ) AS found
), days AS (
  SELECT
    reading_date,
    CAST(DATE_TRUNC('MONTH', reading_date) AS DATE) AS month_start_date,
    CAST(CASE
      WHEN ABS(
        (
          CAST(TO_UNIXTIME(CAST(reading_date AS TIMESTAMP)) AS DOUBLE) / 86400
        ) - TRUNCATE((
          CAST(TO_UNIXTIME(CAST(reading_date AS TIMESTAMP)) AS DOUBLE) / 86400
        ))
      ) = 0.5
      THEN 2 * ROUND((
        CAST(TO_UNIXTIME(CAST(reading_date AS TIMESTAMP)) AS DOUBLE) / 86400
      ) / 2)
      ELSE ROUND((
        CAST(TO_UNIXTIME(CAST(reading_date AS TIMESTAMP)) AS DOUBLE) / 86400
      ))
    END AS BIGINT) AS number,
    day = CASE
      WHEN month IN (4, 6, 9, 11)
      THEN 30
      WHEN month <> 2
      THEN 31
      WHEN year % 4 = 0 AND (
        year % 100 <> 0 OR year % 400 = 0
      )
      THEN 29
      ELSE 28
    END AS is_last_of_month
  FROM dates
), dry AS (
  SELECT
    readings.sensor_id,
    readings.region,
    readings.reading_date,
    days.month_start_date,
    days.is_last_of_month,
    days.number,
    days.number - ROW_NUMBER() OVER (PARTITION BY readings.sensor_id ORDER BY readings.reading_date ASC) AS spell
  FROM ${silver}.sensor_readings AS readings
  INNER JOIN days
    ON readings.reading_date = days.reading_date
  WHERE
    readings.precipitation_level = 'none'
), pieces AS (
  SELECT
    sensor_id,
    spell,
    month_start_date,
    MAX(region) AS region,
    MIN(reading_date) AS first_date,
    MAX(reading_date) AS end_date,
    MIN(number) AS first_number,
    MAX(number) AS end_number,
    MAX(CASE WHEN is_last_of_month THEN 1 ELSE 0 END) = 1 AS is_open
  FROM dry
  GROUP BY
    sensor_id,
    spell,
    month_start_date
), begun AS (
  SELECT
    sensor_id,
    month_start_date,
    region,
    end_date,
    end_number,
    is_open,
    MIN(first_date) OVER (PARTITION BY sensor_id, spell) AS first_date,
    MIN(first_number) OVER (PARTITION BY sensor_id, spell) AS first_number
  FROM pieces
), spells AS (
  SELECT
    begun.sensor_id,
    begun.month_start_date,
    begun.region,
    begun.end_date,
    begun.is_open,
    COALESCE(continued.open_since_date, begun.first_date) AS since_date,
    begun.end_number - begun.first_number + 1 + COALESCE(continued.open_days, 0) AS dry_days
  FROM begun
  LEFT JOIN (SELECT CAST(NULL AS date) AS month_start_date, CAST(NULL AS varchar) AS sensor_id, CAST(NULL AS varchar) AS region, CAST(NULL AS bigint) AS dry_days, CAST(NULL AS date) AS end_date, CAST(NULL AS date) AS open_since_date, CAST(NULL AS bigint) AS open_days WHERE FALSE) AS continued
    ON begun.sensor_id = continued.sensor_id
    AND begun.first_date = begun.month_start_date
), placed AS (
  SELECT
    sensor_id,
    month_start_date,
    region,
    end_date,
    is_open,
    since_date,
    dry_days,
    ROW_NUMBER() OVER (PARTITION BY sensor_id, month_start_date ORDER BY dry_days DESC, end_date ASC) AS place
  FROM spells
)
SELECT
  month_start_date,
  sensor_id,
  MAX(CASE WHEN place = 1 THEN region END) AS region,
  MAX(CASE WHEN place = 1 THEN dry_days END) AS dry_days,
  MAX(CASE WHEN place = 1 THEN end_date END) AS end_date,
  MAX(CASE WHEN is_open THEN since_date END) AS open_since_date,
  MAX(CASE WHEN is_open THEN dry_days ELSE 0 END) AS open_days
FROM placed
GROUP BY
  sensor_id,
  month_start_date
)
