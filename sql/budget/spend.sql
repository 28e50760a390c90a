-- Adds one row to ops.spending: a request that is about to be made, at the database's time.
insert into ops.spending (source, weight) values (%(source)s, %(weight)s)
