"""Audits: queries for rows that must not exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from psycopg2 import sql

from etl.core.outcomes import AuditResult
from etl.core.tables import Dataset
from etl.destinations import losses
from etl.destinations.audits import SAMPLE_ROWS
from etl.postgres.connection import Warehouse
from etl.sql.statements import names, statement


def run_folder(
    warehouse: Warehouse, folder: str, schema: str = "", table: str = "", *, is_loss: bool = False
) -> list[AuditResult]:
    """Run the audits of `sql/audits/<folder>/`, for the given table if they apply to any table."""
    results = []
    for name in names(f"audits/{folder}"):
        audit = name.rsplit("/", 1)[1] if not table else f"{table}.{name.rsplit('/', 1)[1]}"
        found = _run(warehouse, statement(name), {"schema": schema, "table": table})
        results.append(AuditResult(audit, *found, statement(name), f"sql/{name}.sql", is_loss))
    return results


def lost_values(warehouse: Warehouse, dataset: Dataset) -> Iterator[AuditResult]:
    """Whether a value that is known would become unknown."""
    if losses.may_lose_values(dataset):
        query = losses.lost_values(dataset)
        yield AuditResult(f"{dataset.name}.{losses.VALUES}", *_run(warehouse, query), query, is_loss=True)


def lost_rows(warehouse: Warehouse, dataset: Dataset) -> AuditResult:
    """Which published rows would be gone, however few."""
    query = losses.lost_rows(dataset)
    return AuditResult(f"{dataset.name}.{losses.ROWS}", *_run(warehouse, query), query, is_loss=True)


def _run(
    warehouse: Warehouse, query: str, parameters: Mapping[str, Any] | None = None
) -> tuple[int, tuple[Mapping[str, Any], ...]]:
    """How many rows it finds, and the first few."""
    counted = sql.SQL("with offending as (\n{}\n) select *, count(*) over () as offending_rows from offending limit {}")
    rows = warehouse.execute(counted.format(sql.SQL(query), sql.Literal(SAMPLE_ROWS)), parameters)
    total = rows[0]["offending_rows"] if rows else 0
    return total, tuple({key: value for key, value in row.items() if key != "offending_rows"} for row in rows)
