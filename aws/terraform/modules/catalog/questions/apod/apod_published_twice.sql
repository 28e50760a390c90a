-- Which pictures of the day were published under more than one date?
SELECT
  COUNT(*) AS times,
  MIN(picture_date) AS first_date,
  MAX(picture_date) AS last_date,
  MIN(title) AS title
FROM ${silver}.apod_pictures AS apod_pictures
WHERE
  picture_url IS NOT NULL AND NOT is_poster
GROUP BY
  picture_url
HAVING
  COUNT(*) > 1
ORDER BY
  times DESC NULLS FIRST,
  last_date DESC NULLS FIRST,
  picture_url ASC
LIMIT 20
