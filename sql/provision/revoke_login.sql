-- The role may not log in.
alter role {role} nologin password null
