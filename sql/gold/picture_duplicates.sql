-- gold.picture_duplicates: one row per pair of pictures that look the same.
-- Two hashes that differ in at most 4 of 64 digits have one of five stretches in common: only such pairs are compared.
with
stretches as (
    select
        starts_at,
        digits
    from (values (1, 13), (14, 13), (27, 13), (40, 13), (53, 12)) as stretches (starts_at, digits)
),

places as (
    select place
    from (
        values
        (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15), (16),
        (17), (18), (19), (20), (21), (22), (23), (24), (25), (26), (27), (28), (29), (30), (31), (32),
        (33), (34), (35), (36), (37), (38), (39), (40), (41), (42), (43), (44), (45), (46), (47), (48),
        (49), (50), (51), (52), (53), (54), (55), (56), (57), (58), (59), (60), (61), (62), (63), (64)
    ) as places (place)
),

hashed as (
    select
        source,
        item_id,
        picture_date,
        title,
        phash,
        dhash
    from silver.picture_facts
    where phash is not null and dhash is not null
),

cut as (
    select
        hashed.source,
        hashed.item_id,
        hashed.picture_date,
        hashed.title,
        hashed.phash,
        hashed.dhash,
        stretches.starts_at,
        substr(hashed.phash, stretches.starts_at, stretches.digits) as stretch
    from hashed
    cross join stretches
),

candidates as (
    select distinct
        one.source,
        one.item_id,
        one.picture_date,
        one.title,
        one.phash,
        one.dhash,
        other.source as other_source,
        other.item_id as other_item_id,
        other.picture_date as other_picture_date,
        other.title as other_title,
        other.phash as other_phash,
        other.dhash as other_dhash
    from cut as one
    inner join cut as other on one.starts_at = other.starts_at and one.stretch = other.stretch
    where
        one.picture_date < other.picture_date
        or (one.picture_date = other.picture_date and one.source < other.source)
        or (one.picture_date = other.picture_date and one.source = other.source and one.item_id < other.item_id)
),

compared as (
    select
        candidates.source,
        candidates.item_id,
        candidates.picture_date,
        candidates.other_source,
        candidates.other_item_id,
        candidates.other_picture_date,
        candidates.title,
        candidates.other_title,
        count(
            case
                when substr(candidates.phash, places.place, 1) != substr(candidates.other_phash, places.place, 1) then 1
            end
        ) as phash_distance,
        count(
            case
                when substr(candidates.dhash, places.place, 1) != substr(candidates.other_dhash, places.place, 1) then 1
            end
        ) as dhash_distance
    from candidates
    cross join places
    group by
        candidates.source,
        candidates.item_id,
        candidates.picture_date,
        candidates.other_source,
        candidates.other_item_id,
        candidates.other_picture_date,
        candidates.title,
        candidates.other_title
)

select
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
from compared
where phash_distance <= 4 and dhash_distance <= 6
