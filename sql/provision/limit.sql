-- What new sessions of the role begin with.
alter role {role} set {setting} to %(value)s
