"""Access to Postgres: sessions, COPY, an embedded server."""
