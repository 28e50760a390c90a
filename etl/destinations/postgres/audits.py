"""Audits: queries for rows that must not exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from psycopg2 import sql

from etl.core.intervals import DataInterval
from etl.core.outcomes import AuditResult
from etl.core.tables import Dataset
from etl.destinations import losses
from etl.destinations.audits import SAMPLE_ROWS
from etl.postgres.connection import Warehouse
from etl.postgres.ranges import multirange
from etl.sql.statements import names, statement


def run_folder(
    warehouse: Warehouse, folder: str, days: Sequence[DataInterval], schema: str = "", table: str = ""
) -> list[AuditResult]:
    """Run the audits of `sql/audits/<folder>/`, for the given table if they apply to any table.

    `days` are those that are about to be published again.
    """
    results = []
    for name in names(f"audits/{folder}"):
        audit = name.rsplit("/", 1)[1] if not table else f"{table}.{name.rsplit('/', 1)[1]}"
        found = _run(warehouse, statement(name), {"schema": schema, "table": table, "days": multirange(days)})
        results.append(AuditResult(audit, *found, statement(name), f"sql/{name}.sql"))
    return results


def lost_values(warehouse: Warehouse, dataset: Dataset, days: Sequence[DataInterval]) -> Iterator[AuditResult]:
    """Whether a value that is known would become unknown."""
    if losses.may_lose_values(dataset):
        query = losses.lost_values(dataset, days)
        yield AuditResult(f"{dataset.name}.{losses.VALUES}", *_run(warehouse, query), query, is_loss=True)


def lost_rows(warehouse: Warehouse, dataset: Dataset, days: Sequence[DataInterval]) -> AuditResult:
    """Which published rows would be gone, however few."""
    query = losses.lost_rows(dataset, days)
    return AuditResult(f"{dataset.name}.{losses.rows_audit(dataset)}", *_run(warehouse, query), query, is_loss=True)


def published_rows(warehouse: Warehouse, dataset: Dataset, days: Sequence[DataInterval]) -> int:
    """How many rows are published, on `days` if the dataset has a day."""
    [found] = warehouse.execute(losses.published_rows(dataset, days))
    return int(found["rows"])


def _run(
    warehouse: Warehouse, query: str, parameters: Mapping[str, Any] | None = None
) -> tuple[int, tuple[Mapping[str, Any], ...]]:
    """How many rows it finds, and the first few."""
    counted = sql.SQL("with offending as (\n{}\n) select *, count(*) over () as offending_rows from offending limit {}")
    rows = warehouse.execute(counted.format(sql.SQL(query), sql.Literal(SAMPLE_ROWS)), parameters)
    total = rows[0]["offending_rows"] if rows else 0
    return total, tuple({key: value for key, value in row.items() if key != "offending_rows"} for row in rows)
