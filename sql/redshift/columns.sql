-- The columns of every table that may be ours.
select table_schema, table_name, column_name
from information_schema.columns
where table_schema in ('silver', 'gold', 'ops')
