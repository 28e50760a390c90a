"""Audits of what is about to be published into the lake. DuckDB runs them, whichever engine parses and derives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from etl.core.intervals import DataInterval
from etl.core.outcomes import AuditResult
from etl.destinations.audits import SAMPLE_ROWS
from etl.destinations.lake.merging import repeated_keys
from etl.engines import local
from etl.engines.base import Tables
from etl.lake.store import Lake
from etl.sql import days as of_days
from etl.sql.questions import tables as tables_in
from etl.sql.statements import names, statement


class Audits:
    """Runs audits on tables of the lake, and on views: made by `auditing`."""

    def __init__(self, session: duckdb.DuckDBPyConnection, known: set[str]) -> None:
        self._session = session
        self._known = known

    def of_source(self, source: str, days: Sequence[DataInterval]) -> Iterator[AuditResult]:
        """Run the audits of `sql/audits/<source>/`, but for those that compare with what the lake does not have."""
        for name in names(f"audits/{source}"):
            query = of_days.audit(name, days)
            if {f"silver.{table}" for table in tables_in(query)} <= self._known:
                yield AuditResult(name.rsplit("/", 1)[1], *self._find(query), query, f"sql/{name}.sql")

    def keys_unique(self, table: str, key: Sequence[str]) -> AuditResult:
        """Whether each key is there once."""
        query = repeated_keys(table, key)
        return AuditResult(f"{table.partition('.')[2]}.keys_unique", *self._find(query), query)

    def _find(self, query: str) -> tuple[int, tuple[Mapping[str, Any], ...]]:
        count, first = local.find(self._session, query, SAMPLE_ROWS)
        return count, tuple(first)


@contextmanager
def auditing(lake: Lake, tables: Tables, views: Mapping[str, str] | None = None) -> Iterator[Audits]:
    """A block in which tables can be audited; `views`: by name, a query on the tables."""
    with local.session() as session:
        local.register(session, lake, tables)
        for name, text in (views or {}).items():
            local.create_view(session, name, text)
        yield Audits(session, {*tables, *(views or {})})


def audited_tables(source: str) -> set[str]:
    """The published tables of silver that the audits of a source compare with."""
    return {f"silver.{table}" for name in names(f"audits/{source}") for table in tables_in(statement(name))}
