-- Only one spends the budget of a source at a time; until the transaction ends.
select pg_advisory_xact_lock(50, hashtext(%(source)s))
