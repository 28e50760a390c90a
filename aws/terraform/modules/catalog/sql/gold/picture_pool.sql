-- one row per picture that may be reused and is described
select cast(source as varchar) as source, cast(item_id as varchar) as item_id, cast(picture_date as date) as picture_date, cast(month_start_date as date) as month_start_date, cast(title as varchar) as title, cast(credit as varchar) as credit, cast(page_url as varchar) as page_url, cast(picture_url as varchar) as picture_url, cast(file as varchar) as file, cast(sha256 as varchar) as sha256, cast(width as integer) as width, cast(height as integer) as height, cast(average_colour as varchar) as average_colour, cast(brightness as double) as brightness, cast(subject as varchar) as subject
from (
SELECT
  source,
  item_id,
  picture_date,
  CAST(DATE_TRUNC('MONTH', picture_date) AS DATE) AS month_start_date,
  title,
  credit,
  page_url,
  picture_url,
  file,
  sha256,
  width,
  height,
  average_colour,
  brightness,
  COALESCE(subject_by_text, subject_by_image) AS subject
FROM ${silver}.picture_facts AS picture_facts
WHERE
  is_reusable
  AND credit IS NOT NULL
  AND facts_version IS NOT NULL
  AND file IS NOT NULL
  AND sha256 IS NOT NULL
  AND width IS NOT NULL
  AND height IS NOT NULL
  AND average_colour IS NOT NULL
  AND brightness IS NOT NULL
)
