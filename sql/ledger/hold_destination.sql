-- Only one run of a source publishes into a destination at a time, until its ledger row is written.
select pg_advisory_lock(50, hashtext(%(source)s || ' ' || %(destination)s))
