-- A column that was declared after its table was created.
alter table {table} add column {column}
