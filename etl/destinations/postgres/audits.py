"""Audits: queries for rows that must not exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from psycopg2 import sql

from etl.core.errors import AuditError
from etl.core.outcomes import AuditResult
from etl.postgres.connection import Warehouse
from etl.sql.statements import names, statement

SAMPLE_ROWS = 5


def run_folder(warehouse: Warehouse, folder: str, schema: str = "", table: str = "") -> list[AuditResult]:
    """Run the audits of `sql/audits/<folder>/`; those about any table, for the table given."""
    results = []
    for name in names(f"audits/{folder}"):
        audit = name.rsplit("/", 1)[1] if not table else f"{table}.{name.rsplit('/', 1)[1]}"
        results.append(_run(warehouse, audit, name, {"schema": schema, "table": table}))
    return results


def raise_first_failure(results: Iterable[AuditResult]) -> None:
    """Raises: AuditError if any audit found rows."""
    failed = [result for result in results if result.offending_rows]
    if not failed:
        return
    first, others = failed[0], [result.audit for result in failed[1:]]
    more_failed = f" ({len(others)} more failed: {', '.join(others)})" if others else ""
    found = "1 row" if first.offending_rows == 1 else f"{first.offending_rows:,} rows"
    raise AuditError(
        f"Audit {first.audit} found {found} that must not exist: {_shown(first)}{more_failed}.",
        hint=f"Nothing was published. The audit's query is {first.file}.",
        audit=first.audit,
        offending_rows=first.offending_rows,
        sample=first.sample,
        query=first.query,
    )


def _shown(result: AuditResult) -> str:
    rows = (", ".join(f"{key}={value}" for key, value in row.items()) for row in result.sample)
    left = result.offending_rows - len(result.sample)
    return ", ".join(f"({row})" for row in rows) + (f" and {left:,} more" if left else "")


def _run(warehouse: Warehouse, audit: str, name: str, parameters: Mapping[str, Any]) -> AuditResult:
    query = statement(name)
    counted = sql.SQL("with offending as (\n{}\n) select *, count(*) over () as offending_rows from offending limit {}")
    rows = warehouse.execute(counted.format(sql.SQL(query), sql.Literal(SAMPLE_ROWS)), parameters)
    total = rows[0]["offending_rows"] if rows else 0
    sample = tuple({key: value for key, value in row.items() if key != "offending_rows"} for row in rows)
    return AuditResult(audit, total, sample, query, f"sql/{name}.sql")
