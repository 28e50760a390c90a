-- A picture is described if and only if it has facts, and then its bytes are in bronze; others say why, or are due.
select
    source,
    item_id,
    status,
    reason,
    facts_version
from stage.picture_facts
where
    (status = 'described') is distinct from (facts_version is not null)
    or (facts_version is not null and (sha256 is null or file is null or phash is null or dhash is null))
    or (status in ('refused', 'unreachable') and reason is null)
