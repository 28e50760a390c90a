-- How many pictures of the day were images, videos or something else, year by year?
SELECT
  CAST(EXTRACT(YEAR FROM month_start_date) AS INTEGER) AS year,
  CAST(SUM(pictures) AS BIGINT) AS pictures,
  CAST(SUM(images) AS BIGINT) AS images,
  CAST(SUM(videos) AS BIGINT) AS videos,
  CAST(SUM(others) AS BIGINT) AS others,
  CAST(SUM(with_copyright) AS BIGINT) AS with_copyright,
  CAST(SUM(missing_days) AS BIGINT) AS missing_days
FROM ${gold}.apod_months AS apod_months
GROUP BY
  CAST(EXTRACT(YEAR FROM month_start_date) AS INTEGER)
ORDER BY
  year
