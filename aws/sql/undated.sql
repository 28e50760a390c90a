-- {grain}: as the newest extraction has it
{shares}
select {columns}
from ${{stored}}.{table} as stored
where regexp_extract("$path", '([^/]+)/[^/]+$', 1) = (select max(extraction_id) from shares)
