-- Which of these databases the server has.
select datname as name from pg_database where datname = any(%(databases)s)
