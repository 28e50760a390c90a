-- Which cores were reused in less than 50 days after their previous launch?
SELECT
  core_id,
  serial,
  launch_name,
  CAST(launched_at AS DATE) AS launched,
  days_since_previous AS days
FROM ${gold}.core_reuses AS core_reuses
WHERE
  days_since_previous < 50
ORDER BY
  days_since_previous,
  core_id,
  launched_at
