-- The next one may publish.
select pg_advisory_unlock(50, hashtext(%(source)s || ' ' || %(destination)s))
