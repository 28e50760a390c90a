-- Keeps the rest of this transaction, with its password verifiers, out of pg_stat_statements.
select set_config('pg_stat_statements.track_utility', 'off', true)
where (select rolsuper from pg_roles where rolname = current_user)
