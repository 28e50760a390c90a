-- Roles with our names that look like somebody else's: unmarked, and neither as a migration makes them nor with our limits.
with
ours as (
    select
        name,
        connections,
        settings
    from unnest(%(roles)s, %(connections)s, %(settings)s) as limits (name, connections, settings)
)

select role.rolname as name
from pg_roles as role
inner join ours on role.rolname = ours.name
where
    shobj_description(role.oid, 'pg_authid') is distinct from %(mark)s
    and not (role.rolconnlimit = ours.connections and coalesce(role.rolconfig::text, '') = ours.settings)
    and (
        role.rolcanlogin or role.rolsuper or role.rolcreaterole or role.rolcreatedb
        or role.rolconnlimit <> -1 or role.rolconfig is not null
    )
order by role.rolname
