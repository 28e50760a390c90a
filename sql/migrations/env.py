"""Alembic's entry point: runs the pending versions in one transaction on the connection of `etl migrate`."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="schema_version",
    version_table_schema="ops",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
