-- These roles may read what is in public, and make nothing there.
grant usage on schema public to {roles}
