-- Only one run of a source publishes at a time.
select pg_try_advisory_xact_lock(49, hashtext(%(source)s)) as is_free
