-- one row per object and day on which it passes Earth, with what is known about the object now
select cast(designation as varchar) as designation, cast(approach_date as date) as approach_date, cast(approach_at as timestamp(3)) as approach_at, cast(month_start_date as date) as month_start_date, cast(full_name as varchar) as full_name, cast(attention as varchar) as attention, cast(attention_rank as integer) as attention_rank, cast(miss_distance_au as double) as miss_distance_au, cast(miss_distance_km as double) as miss_distance_km, cast(miss_distance_ld as double) as miss_distance_ld, cast(miss_distance_min_au as double) as miss_distance_min_au, cast(miss_distance_min_km as double) as miss_distance_min_km, cast(miss_distance_min_ld as double) as miss_distance_min_ld, cast(miss_distance_max_au as double) as miss_distance_max_au, cast(miss_distance_max_km as double) as miss_distance_max_km, cast(miss_distance_max_ld as double) as miss_distance_max_ld, cast(is_impact_possible as boolean) as is_impact_possible, cast(time_uncertainty_minutes as integer) as time_uncertainty_minutes, cast(velocity_km_s as double) as velocity_km_s, cast(absolute_magnitude as double) as absolute_magnitude, cast(diameter_min_km as double) as diameter_min_km, cast(diameter_nominal_km as double) as diameter_nominal_km, cast(diameter_max_km as double) as diameter_max_km, cast(energy_min_mt as double) as energy_min_mt, cast(energy_nominal_mt as double) as energy_nominal_mt, cast(energy_max_mt as double) as energy_max_mt, cast(is_known as boolean) as is_known, cast(orbit_class as varchar) as orbit_class, cast(moid_au as double) as moid_au, cast(is_hazardous as boolean) as is_hazardous, cast(impact_probability as double) as impact_probability, cast(palermo_cumulative as double) as palermo_cumulative, cast(torino_max as integer) as torino_max, cast(seed_threat_score as double) as seed_threat_score
from (
WITH facts AS (
  SELECT
    passes.*,
    objects.orbit_class,
    objects.moid_au,
    objects.is_hazardous,
    risks.impact_probability,
    risks.palermo_cumulative,
    risks.torino_max,
    objects.designation IS NOT NULL AS is_known,
    CASE
      WHEN risks.designation IS NOT NULL
      THEN 1
      WHEN objects.is_hazardous AND passes.miss_distance_au <= CAST(0.05 AS DOUBLE)
      THEN 2
      WHEN passes.miss_distance_ld <= CAST(1 AS DOUBLE)
      THEN 3
      WHEN objects.is_hazardous
      THEN 4
      ELSE 5
    END AS attention_rank,
    (
      passes.diameter_min_km + passes.diameter_max_km
    ) / CAST(2 AS DOUBLE) AS size_km,
    passes.velocity_km_s * 3600 / 100000 AS speed,
    CASE WHEN objects.is_hazardous THEN CAST(0.3 AS DOUBLE) ELSE CAST(0 AS DOUBLE) END AS hazard
  FROM ${silver}.neo_close_approaches AS passes
  LEFT JOIN ${silver}.neo_objects AS objects
    ON passes.designation = objects.designation
  LEFT JOIN ${silver}.neo_risks AS risks
    ON passes.designation = risks.designation
)
SELECT
  designation,
  approach_date,
  approach_at,
  CAST(DATE_TRUNC('MONTH', approach_date) AS DATE) AS month_start_date,
  full_name,
  CASE attention_rank
    WHEN 1
    THEN 'sentry'
    WHEN 2
    THEN 'pha_close'
    WHEN 3
    THEN 'close'
    WHEN 4
    THEN 'pha'
    ELSE 'routine'
  END AS attention,
  attention_rank,
  miss_distance_au,
  miss_distance_km,
  miss_distance_ld,
  miss_distance_min_au,
  miss_distance_min_km,
  miss_distance_min_ld,
  miss_distance_max_au,
  miss_distance_max_km,
  miss_distance_max_ld,
  miss_distance_min_au <= CAST(0.0000426 AS DOUBLE) AS is_impact_possible,
  time_uncertainty_minutes,
  velocity_km_s,
  absolute_magnitude,
  diameter_min_km,
  diameter_nominal_km,
  diameter_max_km,
  energy_min_mt,
  energy_nominal_mt,
  energy_max_mt,
  is_known,
  orbit_class,
  moid_au,
  is_hazardous,
  impact_probability,
  palermo_cumulative,
  torino_max,
  CASE
    WHEN size_km IS NOT NULL AND is_hazardous IS NOT NULL
    THEN CAST(0.3 AS DOUBLE) * CASE WHEN size_km < 1 THEN size_km ELSE CAST(1 AS DOUBLE) END + CAST(0.2 AS DOUBLE) * CASE WHEN speed < 1 THEN speed ELSE CAST(1 AS DOUBLE) END + CAST(0.2 AS DOUBLE) * CASE WHEN miss_distance_km > 1 THEN 1 / miss_distance_km ELSE CAST(1 AS DOUBLE) END + hazard
  END AS seed_threat_score
FROM facts
)
