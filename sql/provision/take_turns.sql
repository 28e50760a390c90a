-- One that provisions or migrates at a time; kept until the session ends, as a database is made in no transaction.
select pg_advisory_lock(47, 0)
