-- An owner that is not a superuser needs this to give its objects to a role that it created.
grant {role} to current_user with inherit true, set true
