-- Which are the five latest photos of each rover?
WITH photos AS (
  SELECT
    rover,
    taken_at,
    sol,
    camera,
    page_url,
    photo_id,
    ROW_NUMBER() OVER (PARTITION BY rover ORDER BY taken_at DESC, photo_id ASC) AS place
  FROM ${silver}.mars_photos AS mars_photos
  WHERE
    NOT is_thumbnail
)
SELECT
  rover,
  taken_at,
  sol,
  camera,
  page_url
FROM photos
WHERE
  place <= 5
ORDER BY
  rover ASC,
  place ASC
