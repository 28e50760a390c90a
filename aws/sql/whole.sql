-- {grain}: as the newest extraction has it
select {columns}
from ${{stored}}.{table} as stored
where regexp_extract("$path", '([^/]+)/[^/]+$', 1) = (
    select max(extraction_id) from ${{stored}}.runs
    where source = '{source}' and failed_audit = '' and "interval" is null and cardinality(holds) = 0
)
