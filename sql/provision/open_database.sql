-- These roles may connect.
grant connect on database {database} to {roles}
