-- A role that may not log in yet.
create role {role}
