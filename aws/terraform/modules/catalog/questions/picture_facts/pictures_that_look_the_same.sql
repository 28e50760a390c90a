-- Which pictures were shown before, or look as if they had been?
SELECT
  picture_date,
  title,
  other_picture_date,
  other_title,
  phash_distance,
  dhash_distance
FROM ${gold}.picture_duplicates AS picture_duplicates
ORDER BY
  other_picture_date DESC NULLS FIRST,
  picture_date ASC,
  source ASC,
  item_id ASC,
  other_source ASC,
  other_item_id ASC
LIMIT 20
