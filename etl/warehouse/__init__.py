"""The warehouse: everything that knows Postgres. What it is told stands in sql/."""
