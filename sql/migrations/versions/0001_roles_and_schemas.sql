-- Roles belong to the whole server: another database on it may have made them already, perhaps this very moment.
do $$
declare
    role text;
begin
    foreach role in array array['platform_admin', 'etl_loader', 'engineer', 'analyst', 'metrics'] loop
        begin
            execute format('create role %I', role);
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;
end
$$;

do $$
begin
    execute format('grant create, temporary on database %I to platform_admin', current_database());
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect on database %I to etl_loader, engineer, analyst, metrics', current_database());
    begin
        if not pg_has_role('metrics', 'pg_monitor', 'member') then  -- granted before, perhaps by somebody else
            grant pg_monitor to metrics;
        end if;
    exception when unique_violation then
        null;  -- another database granted it at the same moment
    end;
end
$$;

revoke all on schema public from public;

create schema if not exists ops;
alter schema ops owner to platform_admin;
create schema silver authorization platform_admin;
create schema gold authorization platform_admin;
create schema stage authorization platform_admin;  -- the new state, built beside the published one
create schema parts authorization platform_admin;  -- where the rows of silver and gold really stand

grant usage on schema silver, gold to etl_loader, engineer, analyst;
grant usage on schema ops to etl_loader, engineer, metrics;
grant usage on schema stage to etl_loader;
grant usage on schema stage to engineer;

alter default privileges for role platform_admin in schema silver, gold
grant select on tables to etl_loader, engineer, analyst;
alter default privileges for role platform_admin in schema ops
grant select on tables to etl_loader, engineer, metrics;
alter default privileges for role platform_admin in schema ops
grant usage, select on sequences to etl_loader;
alter default privileges for role platform_admin
revoke execute on functions from public;
