set local role platform_admin;

-- What came first is for the ledger to say: clocks jump, and those of several machines differ.
create sequence ops.run_order;
alter table ops.run add column run_number bigint, add column end_number bigint;
with
happened as (
    select run_id, false as is_end, started_at as at from ops.run
    union all
    select run_id, true, ended_at from ops.run where ended_at is not null
),

numbered as (
    select run_id, is_end, nextval('ops.run_order') as number
    from (select run_id, is_end from happened order by at, run_id, is_end) as in_order
)

update ops.run set run_number = begun.number, end_number = ended.number
from numbered as begun
left join numbered as ended on begun.run_id = ended.run_id and ended.is_end
where ops.run.run_id = begun.run_id and not begun.is_end;
alter table ops.run
alter column run_number set default nextval('ops.run_order'),
alter column run_number set not null;
alter sequence ops.run_order owned by ops.run.run_number;
comment on column ops.run.run_number is 'Orders runs by their start, and by end_number as well: both come from one sequence.';
comment on column ops.run.end_number is 'Orders runs by their end; null while a run is under way.';

create function ops.number_end() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    new.end_number := coalesce(new.end_number, nextval('ops.run_order'));
    return new;
end
$$;
comment on function ops.number_end is 'Gives a run that ends its place among all that ended.';
create trigger number_end before insert or update on ops.run
for each row when (new.ended_at is not null) execute function ops.number_end();

drop index ops.run_source_started_at_idx, ops.run_source_ended_at_idx;
create index on ops.run (source, run_number);
create index on ops.run (source, end_number);
create index on ops.run (source, destination, end_number);
analyze ops.run;

create view ops.latest_run as
with recursive known as (  -- each source and destination, found by one look into the index
    (select run.source, run.destination from ops.run as run order by run.source, run.destination limit 1)
    union all
    select next.source, next.destination
    from known
    cross join lateral (
        select run.source, run.destination
        from ops.run as run
        where (run.source, run.destination) > (known.source, known.destination)
        order by run.source, run.destination
        limit 1
    ) as next
)

select
    known.source,
    known.destination,
    latest.run_id,
    latest.status,
    latest.origin,
    latest.extraction_id,
    latest.ended_at as published_at
from known
cross join lateral (
    select run.*
    from ops.run as run
    where
        run.source = known.source
        and run.destination = known.destination
        and run.status in ('published', 'unchanged')
        -- a run that found a newer extraction published looked at no table
        and exists (select from ops.run_dataset as dataset where dataset.run_id = run.run_id)
    order by run.end_number desc
    limit 1
) as latest;
comment on view ops.latest_run is
'One row per source and destination: the run whose content stands there, whether it put it there or found it there.';

grant execute on function ops.is_alive to engineer;  -- `etl status`

-- Readers wait for whoever waits for this lock. So its waits are short, and the caller tries again after a pause.
create function ops.lock_published(tables text [], patience interval) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    session_timeout text := current_setting('lock_timeout');
    names text;
begin
    if exists (select from unnest(tables) as t where split_part(t, '.', 1) not in ('silver', 'gold')) then
        raise exception 'only silver and gold are published' using errcode = 'insufficient_privilege';
    end if;
    select string_agg(format('%I.%I', split_part(t, '.', 1), split_part(t, '.', 2)), ', ' order by t) into names
    from unnest(tables) as t;
    perform set_config('lock_timeout', (extract(epoch from patience) * 1000)::integer::text, true);
    execute format('lock table %s in access exclusive mode', names);
    perform set_config('lock_timeout', session_timeout, true);
end
$$;
comment on function ops.lock_published is
'Lock the tables that are about to be exchanged, all of them in one order; fails if that takes longer than given.';
grant execute on function ops.lock_published to etl_loader;

reset role;

-- By this mark they are known as ours, when another database on this server is to become a warehouse, too.
do $$
declare
    role text;
begin
    foreach role in array array['platform_admin', 'etl_loader', 'engineer', 'analyst', 'metrics'] loop
        begin
            execute format('comment on role %I is %L', role, 'A role of the data platform.');
        exception when others then
            null;  -- somebody else made it, or another database marks it this very moment
        end;
    end loop;
end
$$;
