-- one row per rover, day on Earth and family of cameras
select cast(rover as varchar) as rover, cast(taken_date as date) as taken_date, cast(camera_family as varchar) as camera_family, cast(month_start_date as date) as month_start_date, cast(photos as bigint) as photos, cast(thumbnails as bigint) as thumbnails, cast(cameras as bigint) as cameras, cast(first_sol as integer) as first_sol, cast(last_sol as integer) as last_sol, cast(first_taken_at as timestamp(3)) as first_taken_at, cast(last_taken_at as timestamp(3)) as last_taken_at
from (
SELECT
  rover,
  taken_date,
  camera_family,
  CAST(DATE_TRUNC('MONTH', taken_date) AS DATE) AS month_start_date,
  COUNT(CASE WHEN NOT is_thumbnail THEN 1 END) AS photos,
  COUNT(CASE WHEN is_thumbnail THEN 1 END) AS thumbnails,
  COUNT(DISTINCT camera) AS cameras,
  MIN(sol) AS first_sol,
  MAX(sol) AS last_sol,
  MIN(taken_at) AS first_taken_at,
  MAX(taken_at) AS last_taken_at
FROM ${silver}.mars_photos AS mars_photos
GROUP BY
  rover,
  taken_date,
  camera_family
)
