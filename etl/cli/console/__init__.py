"""What people see: progress on stderr, results on stdout, readable without colour."""
