-- one row per core and launch, from the core's second launch on
select cast(core_id as varchar) as core_id, cast(serial as varchar) as serial, cast(reuse_number as bigint) as reuse_number, cast(launch_id as varchar) as launch_id, cast(launch_name as varchar) as launch_name, cast(launched_at as timestamp(3)) as launched_at, cast(previous_launch_id as varchar) as previous_launch_id, cast(previous_launch_name as varchar) as previous_launch_name, cast(previous_launched_at as timestamp(3)) as previous_launched_at, cast(days_since_previous as double) as days_since_previous
from (
WITH flown_cores AS (
  SELECT
    slots.core_id,
    launches.launch_id,
    launches.name AS launch_name,
    launches.launched_at
  FROM ${silver}.spacex_launch_cores AS slots
  INNER JOIN ${silver}.spacex_launches AS launches
    ON slots.launch_id = launches.launch_id
  WHERE
    slots.core_id IS NOT NULL AND NOT launches.is_upcoming
), previous_flights AS (
  SELECT
    core_id,
    launch_id,
    launch_name,
    launched_at,
    CAST(ROW_NUMBER() OVER flights - 1 AS BIGINT) AS reuse_number,
    LAG(launch_id) OVER flights AS previous_launch_id,
    LAG(launch_name) OVER flights AS previous_launch_name,
    LAG(launched_at) OVER flights AS previous_launched_at
  FROM flown_cores
  WINDOW flights AS (PARTITION BY core_id ORDER BY launched_at ASC, launch_id ASC)
)
SELECT
  flights.core_id,
  cores.serial,
  flights.reuse_number,
  flights.launch_id,
  flights.launch_name,
  flights.launched_at,
  flights.previous_launch_id,
  flights.previous_launch_name,
  flights.previous_launched_at,
  CAST(TO_UNIXTIME(CAST(flights.launched_at AS TIMESTAMP)) - TO_UNIXTIME(CAST(flights.previous_launched_at AS TIMESTAMP)) AS DOUBLE) / 86400.0 AS days_since_previous
FROM previous_flights AS flights
LEFT JOIN ${silver}.spacex_cores AS cores
  ON flights.core_id = cores.core_id
WHERE
  flights.previous_launch_id IS NOT NULL
)
