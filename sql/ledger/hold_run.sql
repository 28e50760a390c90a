-- Held for as long as the process lives; distinguishes a running run from an abandoned one.
select pg_advisory_lock(48, hashtext(%(run_id)s))
