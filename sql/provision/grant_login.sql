-- The role may log in with the password that this SCRAM verifier belongs to.
alter role {role} login password %(verifier)s
