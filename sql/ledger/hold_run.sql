-- Held as long as the process lives; tells a running run from an abandoned one.
select pg_advisory_lock(48, hashtext(%(run_id)s))
