-- How many sessions the role may have at once.
alter role {role} connection limit %(connections)s
