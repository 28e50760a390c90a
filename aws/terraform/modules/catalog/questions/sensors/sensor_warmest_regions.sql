-- Which region was the warmest in each month?
WITH ranked AS (
  SELECT
    month_start_date,
    region,
    temperature_avg,
    temperature_max,
    ROW_NUMBER() OVER (
      PARTITION BY month_start_date
      ORDER BY temperature_avg DESC NULLS FIRST, region ASC
    ) AS place
  FROM ${gold}.sensor_region_months AS sensor_region_months
  WHERE
    temperature_avg IS NOT NULL
)
SELECT
  month_start_date AS month,
  region,
  temperature_avg AS average,
  temperature_max AS highest
FROM ranked
WHERE
  place = 1
ORDER BY
  month_start_date
