-- Which ten sensors lack the most complete readings between their first day and their last?
WITH sensors AS (
  SELECT
    sensor_id,
    region,
    MIN(reading_date) AS first,
    MAX(reading_date) AS last,
    CAST((
      TO_UNIXTIME(CAST(MAX(reading_date) AS TIMESTAMP)) - TO_UNIXTIME(CAST(MIN(reading_date) AS TIMESTAMP))
    ) / 86400 AS BIGINT) + 1 AS days,
    COUNT(*) AS readings,
    SUM(CASE WHEN is_complete THEN 1 ELSE 0 END) AS complete
  FROM ${silver}.sensor_readings AS sensor_readings
  GROUP BY
    sensor_id,
    region
)
SELECT
  sensor_id,
  region,
  first,
  last,
  days - readings AS missing,
  readings - complete AS incomplete
FROM sensors
WHERE
  complete < days
ORDER BY
  days - complete DESC NULLS FIRST,
  sensor_id ASC
LIMIT 10
