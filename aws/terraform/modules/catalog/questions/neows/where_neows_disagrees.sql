-- Where do NeoWs and JPL disagree: on the risk list, on what is hazardous, or by over 1 percent on the distance?
WITH compared AS (
  SELECT
    neows.designation,
    neows.approach_date,
    neows.is_on_risk_list AS neows_risk,
    risks.designation IS NOT NULL AS jpl_risk,
    neows.is_hazardous AS neows_hazardous,
    objects.is_hazardous AS jpl_hazardous,
    neows.miss_distance_au AS neows_au,
    passes.miss_distance_au AS jpl_au,
    risks.palermo_cumulative AS palermo
  FROM ${silver}.neows_passes AS neows
  INNER JOIN ${silver}.neo_objects AS objects
    ON neows.designation = objects.designation
  LEFT JOIN ${silver}.neo_risks AS risks
    ON neows.designation = risks.designation
  LEFT JOIN ${silver}.neo_close_approaches AS passes
    ON neows.designation = passes.designation
    AND neows.approach_date = passes.approach_date
)
SELECT
  designation,
  approach_date,
  neows_risk,
  jpl_risk,
  palermo,
  neows_hazardous,
  jpl_hazardous,
  ROUND(CAST(neows_au AS DECIMAL(18, 9)), 4) AS neows_au,
  ROUND(CAST(jpl_au AS DECIMAL(18, 9)), 4) AS jpl_au
FROM compared
WHERE
  neows_risk <> jpl_risk
  OR neows_hazardous <> jpl_hazardous
  OR ABS(neows_au - jpl_au) > jpl_au / 100
ORDER BY
  palermo DESC,
  approach_date DESC NULLS FIRST,
  designation ASC
LIMIT 20
