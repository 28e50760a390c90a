-- one row per core that has flown
select cast(core_id as varchar) as core_id, cast(serial as varchar) as serial, cast(launches as bigint) as launches, cast(reuses as bigint) as reuses, cast(first_launch_date as date) as first_launch_date, cast(last_launch_date as date) as last_launch_date, cast(shortest_gap_days as double) as shortest_gap_days
from (
WITH flown_cores AS (
  SELECT
    slots.core_id,
    launches.launch_id,
    launches.launched_at,
    launches.launched_date
  FROM ${silver}.spacex_launch_cores AS slots
  INNER JOIN ${silver}.spacex_launches AS launches
    ON slots.launch_id = launches.launch_id
  WHERE
    slots.core_id IS NOT NULL AND NOT launches.is_upcoming
), previous_flights AS (
  SELECT
    core_id,
    launched_at,
    launched_date,
    LAG(launched_at) OVER flights AS previous_launched_at
  FROM flown_cores
  WINDOW flights AS (PARTITION BY core_id ORDER BY launched_at ASC, launch_id ASC)
), gaps AS (
  SELECT
    core_id,
    launched_date,
    CAST(TO_UNIXTIME(CAST(launched_at AS TIMESTAMP)) - TO_UNIXTIME(CAST(previous_launched_at AS TIMESTAMP)) AS DOUBLE) / 86400.0 AS days_since_previous
  FROM previous_flights
)
SELECT
  gaps.core_id,
  cores.serial,
  COUNT(*) AS launches,
  COUNT(*) - 1 AS reuses,
  MIN(gaps.launched_date) AS first_launch_date,
  MAX(gaps.launched_date) AS last_launch_date,
  MIN(gaps.days_since_previous) AS shortest_gap_days
FROM gaps
LEFT JOIN ${silver}.spacex_cores AS cores
  ON gaps.core_id = cores.core_id
GROUP BY
  gaps.core_id,
  cores.serial
)
