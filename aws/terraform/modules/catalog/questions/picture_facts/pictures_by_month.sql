-- How many pictures did each month have, how many may be reused, and how bright were they?
SELECT
  month_start_date,
  source,
  pictures,
  described,
  reusable,
  with_subject,
  ROUND(CAST(mean_brightness AS DECIMAL(9, 6)), 3) AS brightness
FROM ${gold}.picture_months AS picture_months
ORDER BY
  month_start_date DESC NULLS FIRST,
  source ASC
LIMIT 24
