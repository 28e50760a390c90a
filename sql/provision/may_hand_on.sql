-- Whether we may let others have this role of Postgres' own.
select pg_has_role(current_user, %(handed_on)s, 'member with admin option') as may
