-- one row per core (first stage): as the newest extraction has it
select stored.core_id, stored.serial, stored.block, stored.status, stored.reuse_count, stored.rtls_attempts, stored.rtls_landings, stored.asds_attempts, stored.asds_landings
from ${stored}.spacex_cores as stored
where regexp_extract("$path", '([^/]+)/[^/]+$', 1) = (
    select max(extraction_id) from ${stored}.runs
    where source = 'spacex' and failed_audit = '' and "interval" is null and cardinality(holds) = 0
)
