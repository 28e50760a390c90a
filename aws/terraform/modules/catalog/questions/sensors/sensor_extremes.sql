-- Where and when was it hottest, coldest, wettest and driest?
SELECT
  kind,
  value,
  unit,
  sensor_id,
  region,
  reading_date
FROM ${gold}.sensor_extremes AS sensor_extremes
ORDER BY
  kind
