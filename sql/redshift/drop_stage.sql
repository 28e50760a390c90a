-- What was staged has been published.
drop table {table}
