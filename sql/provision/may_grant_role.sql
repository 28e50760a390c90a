-- Whether we may grant this predefined role of Postgres.
select pg_has_role(current_user, %(granted)s, 'member with admin option') as may
