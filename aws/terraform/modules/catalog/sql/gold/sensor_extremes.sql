-- one row per kind of extreme
select cast(kind as varchar) as kind, cast(sensor_id as varchar) as sensor_id, cast(region as varchar) as region, cast(reading_date as date) as reading_date, cast(value as double) as value, cast(unit as varchar) as unit
from (
WITH placed AS (
  SELECT
    kind,
    sensor_id,
    region,
    reading_date,
    value,
    unit,
    ROW_NUMBER() OVER (
      PARTITION BY kind
      ORDER BY CASE WHEN kind = 'coldest' THEN -value ELSE value END DESC, reading_date ASC, sensor_id ASC
    ) AS place
  FROM ${gold}.sensor_month_extremes AS sensor_month_extremes
)
SELECT
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
