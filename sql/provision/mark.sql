-- By this we know the role as ours.
comment on role {role} is %(mark)s
