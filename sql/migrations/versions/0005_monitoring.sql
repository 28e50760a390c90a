set local role platform_admin;

create table ops.schedule (
    source text primary key,
    every interval not null check (every > interval '0'),
    made_at timestamptz not null default now()
);
comment on table ops.schedule is
'One row per source that is meant to run: how often. Monitoring watches these; a source without a row is not watched.';
insert into ops.schedule (source, every) values ('spacex', '1 day');  -- as dags/spacex.py says
analyze ops.schedule;  -- else Postgres takes a new table for a thousand rows, and reads the whole ledger for each

create index on ops.run (source, ended_at);
create index on ops.quarantine (run_id);

create function ops.is_alive(run_id text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from pg_locks
        where locktype = 'advisory'
            and database = (select oid from pg_database where datname = current_database())
            and classid = 48
            and objid::bigint = (hashtext(run_id)::bigint & 4294967295)
            and granted
    )
$$;
comment on function ops.is_alive is 'Whether some session holds the lock of a run, as each does until it ends.';
grant execute on function ops.is_alive to etl_loader, metrics;

reset role;
