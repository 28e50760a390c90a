-- one row per month
select cast(month_start_date as date) as month_start_date, cast(pictures as bigint) as pictures, cast(images as bigint) as images, cast(videos as bigint) as videos, cast(others as bigint) as others, cast(with_copyright as bigint) as with_copyright, cast(first_picture_date as date) as first_picture_date, cast(last_picture_date as date) as last_picture_date, cast(missing_days as bigint) as missing_days
from (
WITH months AS (
  SELECT
    CAST(DATE_TRUNC('MONTH', picture_date) AS DATE) AS month_start_date,
    COUNT(*) AS pictures,
    COUNT(CASE WHEN media_type = 'image' THEN 1 END) AS images,
    COUNT(CASE WHEN media_type IN ('video', 'iframe') THEN 1 END) AS videos,
    COUNT(copyright) AS with_copyright,
    MIN(picture_date) AS first_picture_date,
    MAX(picture_date) AS last_picture_date
  FROM ${silver}.apod_pictures AS apod_pictures
  GROUP BY
    CAST(DATE_TRUNC('MONTH', picture_date) AS DATE)
)
SELECT
  month_start_date,
  pictures,
  images,
  videos,
  pictures - images - videos AS others,
  with_copyright,
  first_picture_date,
  last_picture_date,
  CAST(EXTRACT(DAY FROM last_picture_date) AS BIGINT) - CAST(EXTRACT(DAY FROM first_picture_date) AS BIGINT) + 1 - pictures AS missing_days
FROM months
)
