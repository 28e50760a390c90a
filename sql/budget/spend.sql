-- One row of ops.spending: a request that is about to be made, at the time of the database.
insert into ops.spending (source, weight) values (%(source)s, %(weight)s)
