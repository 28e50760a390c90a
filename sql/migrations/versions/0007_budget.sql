set local role platform_admin;

create table ops.spending (
    source text not null,
    spent_at timestamptz not null default clock_timestamp(),
    weight double precision not null check (weight > 0 and weight < 'infinity')
);
comment on table ops.spending is
'One row per request of the last day to an API that limits them; weight is what it counts against the limits.';
create index on ops.spending (source, spent_at);

create function ops.forget_spending(of_source text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    delete from ops.spending where source = of_source and spent_at < clock_timestamp() - interval '24 hours'
$$;
comment on function ops.forget_spending is 'Delete requests older than a day, the longest time that a limit counts.';

-- The loader enters what it spends, at the time it is here; it can neither take it back nor date it otherwise.
grant insert (source, weight) on ops.spending to etl_loader;
grant execute on function ops.forget_spending to etl_loader;

reset role;
