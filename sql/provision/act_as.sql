-- An owner that is no superuser needs this to hand its objects to a role that it made.
grant {role} to current_user with inherit true, set true
