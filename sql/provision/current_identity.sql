-- The user and database of this session.
select current_user as name, current_database() as database, rolsuper as is_superuser
from pg_roles where rolname = current_user
