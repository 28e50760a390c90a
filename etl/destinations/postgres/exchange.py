"""The moment in which new tables take the place of the published ones: readers wait for it, so it is short."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from psycopg2 import errors as pg

from etl.core.errors import ConfigError, WarehouseUnavailableError
from etl.core.source import Source
from etl.postgres.connection import Warehouse

ATTEMPT_S = 0.3  # for as long as we wait for a lock, whoever comes to read waits behind us
PAUSE_S = (0.2, 0.6)  # then those go first; of a length that no reader keeps step with


def exchange(warehouse: Warehouse, tables: Sequence[tuple[str, str]]) -> None:
    """Put staged tables, each with its schema, in the place of the published ones; the caller commits.

    Raises: WarehouseUnavailableError if readers held a table for the whole lock timeout.
    """
    _lock(warehouse, [f"{schema}.{table}" for schema, table in tables])
    for schema, table in tables:
        try:
            warehouse.run("publish/swap", {"schema": schema, "table": table})
        except (pg.ForeignKeyViolation, pg.DependentObjectsStillExist) as error:
            raise ConfigError(
                f"Something that is not ours depends on the rows of {schema}.{table}: {error.diag.message_detail}.",
                hint=f"Drop it, and build it on {schema}.{table} itself: a publish replaces what lies behind it.",
            ) from error


def refuse_foreign_keys(warehouse: Warehouse, source: Source) -> None:
    """Raises: ConfigError if a table of somebody refers to a published one, whose rows are replaced as a whole."""
    tables = [f"silver.{table.name}" for table in source.datasets] + [f"gold.{table.name}" for table in source.gold]
    for key in warehouse.run("publish/foreign_keys", {"tables": tables}):
        name, table, onto = key["name"], key["of_table"], key["onto"]
        raise ConfigError(
            f"The foreign key {name} of {table} refers to {onto}, whose rows every publish replaces.",
            hint=f'Drop it, and join without: `alter table {table} drop constraint "{name}"`.',
        )


def _lock(warehouse: Warehouse, tables: list[str]) -> None:
    deadline = time.monotonic() + warehouse.lock_timeout_s
    while True:
        left_s = max(deadline - time.monotonic(), 0.001)
        warehouse.execute("savepoint before_locks")
        try:
            warehouse.run("publish/lock_published", {"tables": tables, "within_s": min(ATTEMPT_S, left_s)})
        except WarehouseUnavailableError as error:
            if not isinstance(error.__cause__, pg.LockNotAvailable) or left_s <= ATTEMPT_S:
                raise
            warehouse.execute("rollback to savepoint before_locks")
        else:
            warehouse.execute("release savepoint before_locks")
            return
        time.sleep(random.uniform(*PAUSE_S))  # noqa: S311
