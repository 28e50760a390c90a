-- one row per year and kind of rocket, launches that have flown only
select cast(launch_year as integer) as launch_year, cast(rocket_id as varchar) as rocket_id, cast(rocket_name as varchar) as rocket_name, cast(launches as bigint) as launches, cast(successes as bigint) as successes, cast(failures as bigint) as failures, cast(landings_tried as bigint) as landings_tried, cast(landings_made as bigint) as landings_made
from (
WITH flown AS (
  SELECT
    launch_id,
    rocket_id,
    is_success,
    CAST(EXTRACT(YEAR FROM launched_date) AS INTEGER) AS launch_year
  FROM ${silver}.spacex_launches AS spacex_launches
  WHERE
    NOT is_upcoming
), landings AS (
  SELECT
    launch_id,
    SUM(CASE WHEN is_landing_attempted THEN 1 ELSE 0 END) AS landings_tried,
    SUM(CASE WHEN is_landing_attempted AND is_landing_success THEN 1 ELSE 0 END) AS landings_made
  FROM ${silver}.spacex_launch_cores AS spacex_launch_cores
  GROUP BY
    launch_id
)
SELECT
  flown.launch_year,
  flown.rocket_id,
  COALESCE(rockets.name, flown.rocket_id) AS rocket_name,
  COUNT(*) AS launches,
  CAST(SUM(CASE WHEN flown.is_success THEN 1 ELSE 0 END) AS BIGINT) AS successes,
  CAST(SUM(CASE WHEN NOT flown.is_success THEN 1 ELSE 0 END) AS BIGINT) AS failures,
  CAST(SUM(COALESCE(landings.landings_tried, 0)) AS BIGINT) AS landings_tried,
  CAST(SUM(COALESCE(landings.landings_made, 0)) AS BIGINT) AS landings_made
FROM flown
LEFT JOIN ${silver}.spacex_rockets AS rockets
  ON flown.rocket_id = rockets.rocket_id
LEFT JOIN landings
  ON flown.launch_id = landings.launch_id
GROUP BY
  flown.launch_year,
  flown.rocket_id,
  COALESCE(rockets.name, flown.rocket_id)
)
