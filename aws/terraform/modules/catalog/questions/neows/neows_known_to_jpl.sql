-- How many of NeoWs' objects and passes does JPL know as well, each by its designation and on its day?
SELECT
  COUNT(DISTINCT neows.designation) AS objects,
  COUNT(DISTINCT objects.designation) AS known_objects,
  COUNT(*) AS passes,
  COUNT(passes.designation) AS known_passes
FROM ${silver}.neows_passes AS neows
LEFT JOIN ${silver}.neo_objects AS objects
  ON neows.designation = objects.designation
LEFT JOIN ${silver}.neo_close_approaches AS passes
  ON neows.designation = passes.designation
  AND neows.approach_date = passes.approach_date
