"""How we talk with Postgres: sessions, COPY, an embedded server."""
