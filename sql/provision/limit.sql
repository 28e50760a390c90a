-- A setting with which new sessions of the role begin.
alter role {role} set {setting} to %(value)s
