-- Which cameras of each rover took the most photos, and what are they for?
SELECT
  rover,
  camera,
  camera_family,
  COUNT(CASE WHEN NOT is_thumbnail THEN 1 END) AS photos,
  COUNT(CASE WHEN is_thumbnail THEN 1 END) AS thumbnails,
  COUNT(DISTINCT sol) AS sols
FROM ${silver}.mars_photos AS mars_photos
GROUP BY
  rover,
  camera,
  camera_family
ORDER BY
  photos DESC NULLS FIRST,
  thumbnails DESC NULLS FIRST,
  rover ASC,
  camera ASC
LIMIT 20
