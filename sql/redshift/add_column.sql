-- A column that was declared after its table had been made.
alter table {table} add column {column}
