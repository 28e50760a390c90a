-- Foreign keys of others onto tables that a publish exchanges: one row per key.
select
    conname as name,
    conrelid::regclass::text as of_table,
    confrelid::regclass::text as onto
from pg_constraint
where contype = 'f' and confrelid::regclass::text = any(%(tables)s) and conparentid = 0
order by 2, 1
