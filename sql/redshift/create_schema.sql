-- A schema, if it is missing.
create schema if not exists {schema}
