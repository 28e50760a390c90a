-- one row per pair of pictures that look the same
select cast(source as varchar) as source, cast(item_id as varchar) as item_id, cast(picture_date as date) as picture_date, cast(other_source as varchar) as other_source, cast(other_item_id as varchar) as other_item_id, cast(other_picture_date as date) as other_picture_date, cast(title as varchar) as title, cast(other_title as varchar) as other_title, cast(phash_distance as bigint) as phash_distance, cast(dhash_distance as bigint) as dhash_distance
from (
WITH stretches AS (
  SELECT
    starts_at,
    digits
  FROM (VALUES
    (1, 13),
    (14, 13),
    (27, 13),
    (40, 13),
    (53, 12)) AS stretches(starts_at, digits)
), places AS (
  SELECT
    place
  FROM (VALUES
    (1),
    (2),
    (3),
    (4),
    (5),
    (6),
    (7),
    (8),
    (9),
    (10),
    (11),
    (12),
    (13),
    (14),
    (15),
    (16),
    (17),
    (18),
    (19),
    (20),
    (21),
    (22),
    (23),
    (24),
    (25),
    (26),
    (27),
    (28),
    (29),
    (30),
    (31),
    (32),
    (33),
    (34),
    (35),
    (36),
    (37),
    (38),
    (39),
    (40),
    (41),
    (42),
    (43),
    (44),
    (45),
    (46),
    (47),
    (48),
    (49),
    (50),
    (51),
    (52),
    (53),
    (54),
    (55),
    (56),
    (57),
    (58),
    (59),
    (60),
    (61),
    (62),
    (63),
    (64)) AS places(place)
), hashed AS (
  SELECT
    source,
    item_id,
    picture_date,
    title,
    phash,
    dhash
  FROM ${silver}.picture_facts AS picture_facts
  WHERE
    phash IS NOT NULL AND dhash IS NOT NULL
), cut AS (
  SELECT
    hashed.source,
    hashed.item_id,
    hashed.picture_date,
    hashed.title,
    hashed.phash,
    hashed.dhash,
    stretches.starts_at,
    SUBSTR(hashed.phash, stretches.starts_at, stretches.digits) AS stretch
  FROM hashed
  CROSS JOIN stretches
), candidates AS (
  SELECT DISTINCT
    one.source,
    one.item_id,
    one.picture_date,
    one.title,
    one.phash,
    one.dhash,
    other.source AS other_source,
    other.item_id AS other_item_id,
    other.picture_date AS other_picture_date,
    other.title AS other_title,
    other.phash AS other_phash,
    other.dhash AS other_dhash
  FROM cut AS one
  INNER JOIN cut AS other
    ON one.starts_at = other.starts_at AND one.stretch = other.stretch
  WHERE
    one.picture_date < other.picture_date
    OR (
      one.picture_date = other.picture_date AND one.source < other.source
    )
    OR (
      one.picture_date = other.picture_date
      AND one.source = other.source
      AND one.item_id < other.item_id
    )
), compared AS (
  SELECT
    candidates.source,
    candidates.item_id,
    candidates.picture_date,
    candidates.other_source,
    candidates.other_item_id,
    candidates.other_picture_date,
    candidates.title,
    candidates.other_title,
    COUNT(
      CASE
        WHEN SUBSTR(candidates.phash, places.place, 1) <> SUBSTR(candidates.other_phash, places.place, 1)
        THEN 1
      END
    ) AS phash_distance,
    COUNT(
      CASE
        WHEN SUBSTR(candidates.dhash, places.place, 1) <> SUBSTR(candidates.other_dhash, places.place, 1)
        THEN 1
      END
    ) AS dhash_distance
  FROM candidates
  CROSS JOIN places
  GROUP BY
    candidates.source,
    candidates.item_id,
    candidates.picture_date,
    candidates.other_source,
    candidates.other_item_id,
    candidates.other_picture_date,
    candidates.title,
    candidates.other_title
)
SELECT
  source,
  item_id,
  picture_date,
  other_source,
  other_item_id,
  other_picture_date,
  title,
  other_title,
  phash_distance,
  dhash_distance
FROM compared
WHERE
  phash_distance <= 4 AND dhash_distance <= 6
)
