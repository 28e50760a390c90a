-- Removes the rows that others replace.
delete from {table} where {days}
