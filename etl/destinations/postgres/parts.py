"""Published tables by their parts, which are months, or the whole of a table without. Only what differs is written.

A table in schema `stage` holds the new state of some parts. It is filled, keyed and audited where no reader looks, and
then brought into the published one, row by row, in the same transaction. Readers wait for none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from psycopg2 import errors as pg

from etl.core.errors import ConfigError
from etl.core.intervals import DataInterval, months
from etl.core.outcomes import AuditResult
from etl.core.tables import Dataset
from etl.destinations.postgres import audits
from etl.postgres.connection import Warehouse
from etl.postgres.ranges import multirange

Schema = Literal["silver", "gold"]
WHOLE = date.min  # the one part of a table without months


def open_months(warehouse: Warehouse, table: Dataset, days: Sequence[DataInterval]) -> None:
    """Make the partitions that silver with a day needs, and commit them: outside of the publishing transaction."""
    warehouse.run("publish/open_months", {"schema": "silver", "table": table.name, "months": months(days)})


def open_stage(warehouse: Warehouse, schema: Schema, table: Dataset) -> None:
    """Make the empty stage table."""
    warehouse.run("publish/open_stage", {"schema": schema, "table": table.name})


def empty_stage(warehouse: Warehouse, table: Dataset) -> None:
    """Make room for the next month."""
    warehouse.run("publish/empty_stage", {"table": table.name})


def close_stage(warehouse: Warehouse, table: Dataset) -> None:
    """Discard what is left of it."""
    warehouse.run("publish/close_stage", {"table": table.name})


def prove_key(warehouse: Warehouse, table: Dataset) -> list[AuditResult]:
    """Build the primary key of staged silver; if keys are not unique, return the audit that names them."""
    warehouse.execute("savepoint before_key")
    try:
        warehouse.run("publish/key_stage", {"schema": "silver", "table": table.name})
    except pg.UniqueViolation:
        warehouse.execute("rollback to savepoint before_key")
        return audits.run_folder(warehouse, "every_dataset", (), "silver", table.name)
    warehouse.execute("release savepoint before_key")
    return []


def carry_over(warehouse: Warehouse, table: Dataset, whole: Dataset, days: Sequence[DataInterval]) -> None:
    """Stage published rows, of `days` if the table has a day, that were not read again; parts follow their whole."""
    about = {"table": table.name, "part_of": whole.name, "key": list(whole.key)}
    warehouse.run("publish/carry_over", about | _scope(table.day, days))


def bring_in(warehouse: Warehouse, schema: Schema, table: Dataset, days: Sequence[DataInterval]) -> set[date]:
    """Make the published table, or `days` of one with days or months, equal to what is staged; return what changed.

    Raises: ConfigError if somebody's foreign key holds a row that is gone.
    """
    about = {"schema": schema, "table": table.name, "bookkeeping": bookkeeping(table)}
    try:
        found = warehouse.run("publish/bring_in", about | _scope(table.day or table.month, days))
    except pg.ForeignKeyViolation as error:
        raise ConfigError(
            f"Rows of {schema}.{table.name} are gone, but {error.diag.schema_name}.{error.diag.table_name} refers to "
            f"them: {error.diag.message_detail}",
            hint="Remove what refers to them, or the foreign key, and run again.",
        ) from error
    return {row["month"] or WHOLE for row in found}


def measure(warehouse: Warehouse, schema: Schema, table: Dataset, part: date, made_by: str | None = None) -> None:
    """Keep how many rows a part has now, their checksum, and which statement made them."""
    day = None if part == WHOLE else table.day or table.month
    about = {"schema": schema, "table": table.name, "bookkeeping": bookkeeping(table)}
    warehouse.run("publish/measure", about | {"day": day, "month": part, "made_by": made_by})


def measure_unknown(warehouse: Warehouse, table: Dataset) -> set[date]:
    """Measure parts of silver that an earlier version has published, or that were restored; return them."""
    if table.day is None:
        missing = set() if known(warehouse, table) else {WHOLE}
    else:
        about = {"schema": "silver", "table": table.name}
        missing = {row["month"] for row in warehouse.run("publish/unmeasured_months", about)}
    for part in missing:
        measure(warehouse, "silver", table, part)
    return missing


@dataclass(frozen=True)
class Part:
    """What was measured of a part, and which statement made it."""

    rows: int
    made_by: str | None


def known(warehouse: Warehouse, table: Dataset) -> dict[date, Part]:
    """The parts of a published table."""
    found = warehouse.run("publish/parts", {"table": table.name})
    return {row["month"]: Part(row["row_count"], row["made_by"]) for row in found}


def content(warehouse: Warehouse, table: Dataset) -> tuple[int, str]:
    """Row count and checksum of a published table."""
    [found] = warehouse.run("publish/content", {"table": table.name})
    return found["row_count"], found["content_checksum"]


def bookkeeping(table: Dataset) -> list[str]:
    """The columns in which rows of the same content may differ."""
    return [column.name for column in table.columns if column.is_bookkeeping]


def _scope(day: str | None, days: Sequence[DataInterval]) -> dict[str, str | None]:
    if day is None:
        return {"day": None, "days": None}
    return {"day": day, "days": multirange(days)}
