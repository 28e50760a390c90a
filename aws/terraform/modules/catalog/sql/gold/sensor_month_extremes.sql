-- one row per month and kind of extreme
select cast(month_start_date as date) as month_start_date, cast(kind as varchar) as kind, cast(sensor_id as varchar) as sensor_id, cast(region as varchar) as region, cast(reading_date as date) as reading_date, cast(value as double) as value, cast(unit as varchar) as unit
from (
WITH days AS (
  SELECT
    reading_date,
    MAX(temperature_max) AS hottest,
    MIN(temperature_min) AS coldest,
    MAX(precipitation) AS wettest,
    MAX(temperature_range) AS widest_range
  FROM ${silver}.sensor_readings AS sensor_readings
  GROUP BY
    reading_date
), dated AS (
  SELECT
    reading_date,
    hottest,
    coldest,
    wettest,
    widest_range,
    CAST(DATE_TRUNC('MONTH', reading_date) AS DATE) AS month_start_date
  FROM days
), months AS (
  SELECT
    month_start_date,
    MAX(hottest) AS hottest,
    MIN(coldest) AS coldest,
    MAX(wettest) AS wettest,
    MAX(widest_range) AS widest_range
  FROM dated
  GROUP BY
    month_start_date
), extremes AS (
  SELECT
    dated.reading_date,
    months.month_start_date,
    CASE WHEN dated.hottest = months.hottest THEN months.hottest END AS hottest,
    CASE WHEN dated.coldest = months.coldest THEN months.coldest END AS coldest,
    CASE WHEN dated.wettest = months.wettest THEN months.wettest END AS wettest,
    CASE WHEN dated.widest_range = months.widest_range THEN months.widest_range END AS widest_range
  FROM dated
  INNER JOIN months
    ON dated.month_start_date = months.month_start_date
  WHERE
    dated.hottest = months.hottest
    OR dated.coldest = months.coldest
    OR dated.wettest = months.wettest
    OR dated.widest_range = months.widest_range
), spells AS (
  SELECT
    month_start_date,
    sensor_id,
    region,
    end_date,
    dry_days,
    MAX(dry_days) OVER (PARTITION BY month_start_date) AS most_dry_days
  FROM ${gold}.sensor_dry_spells AS sensor_dry_spells
), readings AS (
  SELECT
    extremes.month_start_date,
    readings.sensor_id,
    readings.region,
    readings.reading_date,
    CASE WHEN readings.temperature_max = extremes.hottest THEN extremes.hottest END AS hottest,
    CASE WHEN readings.temperature_min = extremes.coldest THEN extremes.coldest END AS coldest,
    CASE WHEN readings.precipitation = extremes.wettest THEN extremes.wettest END AS wettest,
    CASE
      WHEN readings.temperature_range = extremes.widest_range
      THEN extremes.widest_range
    END AS widest_range
  FROM ${silver}.sensor_readings AS readings
  INNER JOIN extremes
    ON readings.reading_date = extremes.reading_date
  WHERE
    readings.temperature_max = extremes.hottest
    OR readings.temperature_min = extremes.coldest
    OR readings.precipitation = extremes.wettest
    OR readings.temperature_range = extremes.widest_range
), candidates AS (
  SELECT
    month_start_date,
    'hottest' AS kind,
    sensor_id,
    region,
    reading_date,
    hottest AS value,
    '°C' AS unit
  FROM readings
  WHERE
    hottest IS NOT NULL
  UNION ALL
  SELECT
    month_start_date,
    'coldest' AS kind,
    sensor_id,
    region,
    reading_date,
    coldest AS value,
    '°C' AS unit
  FROM readings
  WHERE
    coldest IS NOT NULL
  UNION ALL
  SELECT
    month_start_date,
    'wettest' AS kind,
    sensor_id,
    region,
    reading_date,
    wettest AS value,
    'mm' AS unit
  FROM readings
  WHERE
    wettest IS NOT NULL
  UNION ALL
  SELECT
    month_start_date,
    'widest_range' AS kind,
    sensor_id,
    region,
    reading_date,
    widest_range AS value,
    '°C' AS unit
  FROM readings
  WHERE
    widest_range IS NOT NULL
  UNION ALL
  SELECT
    month_start_date,
    'driest' AS kind,
    sensor_id,
    region,
    end_date AS reading_date,
    CAST(dry_days AS DOUBLE) AS value,
    'days' AS unit
  FROM spells
  WHERE
    dry_days = most_dry_days
), placed AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY month_start_date, kind ORDER BY reading_date ASC, sensor_id ASC) AS place
  FROM candidates
)
SELECT
  month_start_date,
  kind,
  sensor_id,
  region,
  reading_date,
  value,
  unit
FROM placed
WHERE
  place = 1
)
