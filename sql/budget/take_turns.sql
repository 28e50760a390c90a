-- Lets one session at a time spend the budget of an API, until its transaction ends.
select pg_advisory_xact_lock(50, hashtext(%(source)s))
