-- Which of these databases the server has, and whose they are.
select
    datname as name,
    datdba::regrole::text as owner
from pg_database
where datname = any(%(databases)s)
