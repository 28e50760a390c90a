-- A table as it is declared.
create table {table} (
{columns}
)
{spread}
compound sortkey ({order})
