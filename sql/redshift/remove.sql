-- Removes the rows that others will replace.
delete from {table} where {days}
