-- What is the maximum number of times a core has been reused?
SELECT
  usage.reuses,
  usage.core_id,
  usage.serial,
  usage.launches,
  usage.first_launch_date AS first,
  usage.last_launch_date AS last
FROM ${gold}.core_usage AS usage
WHERE
  usage.reuses = (
    SELECT
      MAX(others.reuses)
    FROM ${gold}.core_usage AS others
  )
ORDER BY
  usage.core_id
