-- What neither Postgres nor an extension put into this database: one row per schema, and per object in public.
with
things as (
    select
        'pg_namespace'::regclass as catalog,
        oid,
        'schema ' || quote_ident(nspname) as thing
    from pg_namespace
    where
        nspname !~ '^pg_'
        and nspname not in ('public', 'information_schema')
        and oid not in (select extnamespace from pg_extension)
    union all
    select
        'pg_class'::regclass,
        relation.oid,
        'relation public.' || quote_ident(relation.relname)
    from pg_class as relation
    inner join pg_namespace as home on relation.relnamespace = home.oid
    where home.nspname = 'public' and relation.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select
        'pg_proc'::regclass,
        routine.oid,
        'function public.' || quote_ident(routine.proname)
    from pg_proc as routine
    inner join pg_namespace as home on routine.pronamespace = home.oid
    where home.nspname = 'public'
)

select thing
from things
where
    not exists (
        select from pg_depend as part
        where part.classid = things.catalog and part.objid = things.oid and part.deptype = 'e'
    )
order by thing
