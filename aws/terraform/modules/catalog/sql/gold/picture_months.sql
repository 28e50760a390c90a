-- one row per source and month with a picture
select cast(source as varchar) as source, cast(month_start_date as date) as month_start_date, cast(pictures as bigint) as pictures, cast(described as bigint) as described, cast(reusable as bigint) as reusable, cast(with_subject as bigint) as with_subject, cast(subjects_compared as bigint) as subjects_compared, cast(subjects_agreed as bigint) as subjects_agreed, cast(mean_brightness as double) as mean_brightness, cast(mean_contrast as double) as mean_contrast
from (
WITH months AS (
  SELECT
    source,
    CAST(DATE_TRUNC('MONTH', picture_date) AS DATE) AS month_start_date,
    COUNT(*) AS pictures,
    COUNT(facts_version) AS described,
    COUNT(CASE WHEN is_reusable THEN 1 END) AS reusable,
    COUNT(COALESCE(subject_by_text, subject_by_image)) AS with_subject,
    COUNT(is_subject_agreed) AS subjects_compared,
    COUNT(CASE WHEN is_subject_agreed THEN 1 END) AS subjects_agreed,
    COUNT(brightness) AS with_brightness,
    SUM(
      CAST(CASE
        WHEN ABS((
          brightness * 1000
        ) - TRUNCATE((
          brightness * 1000
        ))) = 0.5
        THEN 2 * ROUND((
          brightness * 1000
        ) / 2)
        ELSE ROUND((
          brightness * 1000
        ))
      END AS BIGINT)
    ) AS brightness_thousandths,
    COUNT(contrast) AS with_contrast,
    SUM(
      CAST(CASE
        WHEN ABS((
          contrast * 1000
        ) - TRUNCATE((
          contrast * 1000
        ))) = 0.5
        THEN 2 * ROUND((
          contrast * 1000
        ) / 2)
        ELSE ROUND((
          contrast * 1000
        ))
      END AS BIGINT)
    ) AS contrast_thousandths
  FROM ${silver}.picture_facts AS picture_facts
  GROUP BY
    source,
    CAST(DATE_TRUNC('MONTH', picture_date) AS DATE)
)
SELECT
  source,
  month_start_date,
  pictures,
  described,
  reusable,
  with_subject,
  subjects_compared,
  subjects_agreed,
  CAST(brightness_thousandths AS DOUBLE) / NULLIF(with_brightness, 0) / 1000 AS mean_brightness,
  CAST(contrast_thousandths AS DOUBLE) / NULLIF(with_contrast, 0) / 1000 AS mean_contrast
FROM months
)
