-- A database of its own for one role.
create database {database} owner {owner} template template0
