-- One file has one set of facts per version: what is known about the same bytes never differs.
select
    staged.sha256,
    staged.facts_version,
    staged.source,
    staged.item_id,
    published.item_id as other_item_id
from stage.picture_facts as staged
inner join silver.picture_facts as published
    on staged.sha256 = published.sha256 and staged.facts_version = published.facts_version
where
    staged.bytes != published.bytes
    or staged.width != published.width
    or staged.height != published.height
    or staged.phash != published.phash
    or staged.dhash != published.dhash
    or staged.average_colour != published.average_colour
