-- A run that is still said to run though no session holds its lock was killed.
update ops.run
set status = 'abandoned', ended_at = clock_timestamp(), error = 'the process ended without a word'
where
    status = 'running'
    and not exists (
        select 1
        from pg_locks
        where
            pg_locks.locktype = 'advisory'
            and pg_locks.database = (
                select pg_database.oid from pg_database where pg_database.datname = current_database()
            )
            and pg_locks.classid = 48
            and pg_locks.objid::bigint = (hashtext(ops.run.run_id)::bigint & 4294967295)
    )
