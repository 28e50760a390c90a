-- How many sessions the role may have at the same time.
alter role {role} connection limit %(connections)s
