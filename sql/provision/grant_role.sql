-- Grants a predefined role of Postgres.
grant {granted} to {role}
