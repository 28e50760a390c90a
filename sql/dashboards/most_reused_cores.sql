-- One row per core, the twelve most reused ones; a core without a serial is named after the end of its id.
select
    coalesce(serial, '…' || right(core_id, 6)) as core,
    reuses::integer as reuses
from gold.core_usage
where reuses > 0
order by reuses desc, core_id asc
limit 12
