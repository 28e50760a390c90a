-- Which are the ten latest pictures of the day?
SELECT
  picture_date,
  title,
  media_type,
  page_url
FROM ${silver}.apod_pictures AS apod_pictures
ORDER BY
  picture_date DESC NULLS FIRST
LIMIT 10
