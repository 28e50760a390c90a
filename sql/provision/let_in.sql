-- The role may log in with the password of which this is the SCRAM verifier.
alter role {role} login password %(verifier)s
