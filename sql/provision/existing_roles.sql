-- Which of these roles the server has.
select rolname as name from pg_roles where rolname = any(%(roles)s)
