"""Audits in Redshift. It enforces no keys: `keys_unique` is the only proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from etl.core.intervals import DataInterval
from etl.core.outcomes import AuditResult
from etl.core.tables import Dataset
from etl.destinations import losses
from etl.destinations.audits import SAMPLE_ROWS
from etl.destinations.redshift.connection import Redshift
from etl.destinations.redshift.statements import columns, text
from etl.engines.dialects import transpile
from etl.sql import days as of_days
from etl.sql.statements import names


def of_source(redshift: Redshift, source: str, days: Sequence[DataInterval]) -> Iterator[AuditResult]:
    """Run the audits of a source."""
    for name in names(f"audits/{source}"):
        query = translated(name, tuple(days))
        yield AuditResult(name.rsplit("/", 1)[1], *_run(redshift, query), query, f"sql/{name}.sql")


def keys_unique(redshift: Redshift, table: Dataset) -> AuditResult:
    """Whether what is staged of a table has each key once."""
    query = text("redshift/repeated_keys", table=f"stage.{table.name}", key=columns(table.key))
    return AuditResult(f"{table.name}.keys_unique", *_run(redshift, query), query, "sql/redshift/repeated_keys.sql")


def lost_values(redshift: Redshift, dataset: Dataset, days: Sequence[DataInterval]) -> Iterator[AuditResult]:
    """Whether a value that is known would become unknown."""
    if losses.may_lose_values(dataset):
        query = transpile(losses.lost_values(dataset, days), "redshift")
        yield AuditResult(f"{dataset.name}.{losses.VALUES}", *_run(redshift, query), query, is_loss=True)


def lost_rows(redshift: Redshift, dataset: Dataset, days: Sequence[DataInterval]) -> AuditResult:
    """Which published rows would be gone, however few."""
    query = transpile(losses.lost_rows(dataset, days), "redshift")
    return AuditResult(f"{dataset.name}.{losses.rows_audit(dataset)}", *_run(redshift, query), query, is_loss=True)


def published_rows(redshift: Redshift, dataset: Dataset, days: Sequence[DataInterval]) -> int:
    """How many rows are published, on `days` if the dataset has a day."""
    [found] = redshift.execute(transpile(losses.published_rows(dataset, days), "redshift"))
    return int(found["rows"])


@cache
def translated(name: str, days: tuple[DataInterval, ...]) -> str:
    """The audit `sql/<name>.sql` for these days."""
    return transpile(of_days.audit(name, days), "redshift")


def _run(redshift: Redshift, query: str) -> tuple[int, tuple[dict[str, Any], ...]]:
    """How many rows it finds, and the first few."""
    rows = redshift.execute(text("redshift/offending", query=query, limit=str(SAMPLE_ROWS)))
    total = rows[0]["offending_rows"] if rows else 0
    return total, tuple({key: value for key, value in row.items() if key != "offending_rows"} for row in rows)
