-- Wait for the other run to end.
select pg_advisory_xact_lock(49, hashtext(%(source)s))
