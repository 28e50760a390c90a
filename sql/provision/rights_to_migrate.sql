-- Whether we may make schemas for their owner, and the exporter may read statistics or gets that right from us.
select
    current_user as me,
    exists (select from pg_roles where rolname = %(owner)s) as is_provisioned,
    (select rolsuper from pg_roles where rolname = current_user) as is_superuser,
    (select pg_has_role(current_user, role.oid, 'set') from pg_roles as role where role.rolname = %(owner)s) as may_act,
    pg_has_role(current_user, 'pg_monitor', 'member with admin option')
    or (select pg_has_role(role.oid, 'pg_monitor', 'member') from pg_roles as role where role.rolname = 'metrics')
    as may_grant
