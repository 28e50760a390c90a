-- The role may read all statistics of the server, and no table.
grant pg_monitor to {role}
