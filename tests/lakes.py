"""What a lake holds, asked in DuckDB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb

from etl.core.source import Source
from etl.core.tables import Dataset
from etl.engines import local
from etl.engines.base import nothing_before
from etl.engines.dialects import without_schema
from etl.lake import silver
from etl.lake.store import Lake
from etl.lake.tables import Tables
from etl.postgres.connection import Warehouse
from etl.sql.statements import statement


def create_gold(connection: duckdb.DuckDBPyConnection, gold: Iterable[Dataset]) -> None:
    """Make gold from what is registered."""
    for table in gold:
        local.create_view(connection, f"gold.{table.name}", statement(f"gold/{table.name}"))


@contextmanager
def derived(lake: Lake, source: Source) -> Iterator[duckdb.DuckDBPyConnection]:
    """The newest silver of each day that has been transformed, and gold made from it."""
    with local.lake_session(lake, {**silver.state(lake, source), **nothing_before(source.gold)}) as connection:
        create_gold(connection, source.gold)
        yield connection


@contextmanager
def published(warehouse: Warehouse, lake: Lake, source: Source) -> Iterator[duckdb.DuckDBPyConnection]:
    """What is published of a source."""
    tables = Tables(lake, warehouse.raw)
    names = [*(f"silver.{each.name}" for each in source.datasets), *(f"gold.{each.name}" for each in source.gold)]
    known = {name: table for name in names if (table := tables.find(name)) is not None}
    rows = {name: table.stored() or table.dataset.schema.empty_table() for name, table in known.items()}
    with local.lake_session(lake, rows) as connection:
        yield connection


def content(warehouse: Warehouse, lake: Lake, source: Source) -> Mapping[str, list[dict[str, Any]]]:
    """By table, what is published of a source, but for bookkeeping, in the order of the keys."""
    tables = {f"silver.{each.name}": each for each in source.datasets}
    tables |= {f"gold.{each.name}": each for each in source.gold}
    with published(warehouse, lake, source) as connection:
        known = {
            name for (name,) in connection.execute("select view_name from duckdb_views() where not internal").fetchall()
        }
        found = {}
        for name, table in tables.items():
            if without_schema(name) in known:
                columns = ", ".join(column.name for column in table.columns if not column.is_bookkeeping)
                found[name] = local.rows(connection, f"select {columns} from {name} order by {', '.join(table.key)}")
    return found
