-- One process provisions or migrates at a time; held for the session, as `create database` allows no transaction.
select pg_advisory_lock(47, 0)
