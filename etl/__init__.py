"""Extracts public APIs into a lake and publishes what passed its audits into Postgres."""
