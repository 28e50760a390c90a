-- These roles may use objects in public, but create none there.
grant usage on schema public to {roles}
