"""The lake as a destination: Iceberg tables, for data that have outgrown Postgres, and for other readers."""
