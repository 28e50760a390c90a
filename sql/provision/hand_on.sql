-- The role may do what this role of Postgres' own may.
grant {handed_on} to {role}
