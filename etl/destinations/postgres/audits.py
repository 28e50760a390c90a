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
    """Run the audits of `sql/audits/<folder>/`, those about any table for the one given."""
    results = []
    for name in names(f"audits/{folder}"):
        audit = name.rsplit("/", 1)[1] if not table else f"{table}.{name.rsplit('/', 1)[1]}"
        results.append(_run(warehouse, audit, statement(name), {"schema": schema, "table": table}))
    return results


def raise_first_failure(results: Iterable[AuditResult]) -> None:
    """Raises: AuditError if any audit found rows."""
    failed = [result for result in results if result.offending_rows]
    if not failed:
        return
    first = failed[0]
    example = ", ".join(f"{key}={value}" for key, value in first.sample[0].items())
    more = f" ({len(failed) - 1} more failed: {', '.join(r.audit for r in failed[1:])})" if len(failed) > 1 else ""
    raise AuditError(
        f"Audit {first.audit} found {first.offending_rows} rows that must not exist, such as {example}{more}.",
        hint="Nothing was published. The query is in sql/audits/; `etl status` shows every audit of this run.",
        audit=first.audit,
        offending_rows=first.offending_rows,
        sample=first.sample,
        query=first.query,
    )


def _run(warehouse: Warehouse, audit: str, query: str, parameters: Mapping[str, Any]) -> AuditResult:
    counted = sql.SQL("with offending as (\n{}\n) select *, count(*) over () as offending_rows from offending limit {}")
    rows = warehouse.execute(counted.format(sql.SQL(query), sql.Literal(SAMPLE_ROWS)), parameters)
    total = rows[0]["offending_rows"] if rows else 0
    sample = tuple({key: value for key, value in row.items() if key != "offending_rows"} for row in rows)
    return AuditResult(audit, total, sample, query)
