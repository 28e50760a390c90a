"""The engine of one machine: pages are parsed by as many processes as there are cores, DuckDB runs the SQL."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import dataset as arrow_dataset

from etl.errors import ConfigError
from etl.lake import pages, silver
from etl.lake.dialects import transpile
from etl.lake.layout import Stored
from etl.lake.pages import Done, Work, rows_into
from etl.lake.silver import Selected, Tables
from etl.lake.store import Lake
from etl.model import Dataset, Source

WORTH_A_PROCESS = 2  # works; a process takes most of a second to start
MEMORY = "512MB"  # of DuckDB's; what is more it keeps in files
BATCH_ROWS = 65_536


@contextmanager
def engine() -> Iterator[LocalEngine]:
    """The engine; there is nothing to start."""
    yield LocalEngine()


class LocalEngine:
    """Bounded memory, whatever the number of rows."""

    def parse(self, works: Sequence[Work]) -> Iterator[Done]:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if len(works) < WORTH_A_PROCESS or cores == 1:
            yield from map(pages.parse, works)
            return
        with ProcessPoolExecutor(min(cores, len(works)), mp_context=get_context("spawn")) as processes:
            yield from processes.map(pages.parse, works)

    def select(self, lake: Lake, statement: str, tables: Tables, into: Dataset, path: Callable[[int], str]) -> Selected:
        with session() as connection:
            register(connection, lake, tables)
            found = connection.sql(_in_duckdb(statement)).to_arrow_reader(BATCH_ROWS)
            with rows_into(lake, path(1), into.schema) as rows:
                for batch in found:
                    rows.write(batch.cast(into.schema))
        return Selected(rows.rows, (path(1),))


@contextmanager
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with a bounded memory; what it cannot hold it keeps in files that are gone in the end."""
    with tempfile.TemporaryDirectory(prefix="duckdb-") as folder:
        options: dict[str, Any] = {"memory_limit": MEMORY, "temp_directory": folder, "preserve_insertion_order": False}
        connection = duckdb.connect(config=options)
        try:
            yield connection
        finally:
            connection.close()


def register(connection: duckdb.DuckDBPyConnection, lake: Lake, tables: Tables) -> None:
    """Let statements find the tables, which are read only as far as they ask."""
    for name, table in tables.items():
        if isinstance(table, pa.Table):
            connection.register(_name(name), table.cast(_without_zones(table.schema)))
            continue
        shares = []
        for number, stored in enumerate(table):
            connection.register(f"{_name(name)}__{number}", _scan(lake, stored))
            shares.append(f"select * from {_name(name)}__{number}{_where(stored)}")  # noqa: S608 - names of ours
        connection.execute(f"create view {_name(name)} as {' union all '.join(shares)}")


@contextmanager
def asked(lake: Lake, source: Source, gold: Mapping[str, str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with `silver.*` as the lake has it and `gold.*` made from it.

    `gold`: by table, the text of its statement. Raises: ConfigError if the lake holds nothing of the source.
    """
    tables = silver.state(lake, source)
    if not tables:
        raise ConfigError(f"{lake.url} holds no silver of {source.name}.", hint=f"Run `etl run {source.name}` first.")
    with session() as connection:
        register(connection, lake, tables)
        make(connection, gold)
        yield connection


def make(connection: duckdb.DuckDBPyConnection, gold: Mapping[str, str]) -> None:
    """Make tables of gold from what is registered; by table, the text of its statement."""
    for table, text in gold.items():
        connection.execute(f"create table {_name(f'gold.{table}')} as {_in_duckdb(text)}")


def rows(connection: duckdb.DuckDBPyConnection, text: str) -> list[dict[str, Any]]:
    """The rows of a statement written for Postgres."""
    result = connection.execute(_in_duckdb(text))
    names = [column[0] for column in result.description]
    return [dict(zip(names, map(_in_utc, row), strict=True)) for row in result.fetchall()]


def _in_duckdb(text: str) -> str:
    return transpile(text, "duckdb", _name)


def _name(table: str) -> str:
    """What is registered knows no schemas: `silver.readings` is called `silver__readings`."""
    return table.replace(".", "__")


def _scan(lake: Lake, stored: Stored) -> arrow_dataset.Dataset:
    return arrow_dataset.dataset(
        [lake.at(file) for file in stored.files],
        schema=_without_zones(stored.dataset.schema),
        filesystem=lake.files,
        format="parquet",
    )


def _where(stored: Stored) -> str:
    if stored.days is None or stored.dataset.day is None:
        return ""
    return (
        f" where {stored.dataset.day} >= date '{stored.days.start}' and {stored.dataset.day} < date '{stored.days.end}'"
    )


def _without_zones(schema: pa.Schema) -> pa.Schema:
    """Instants as UTC without saying so: DuckDB's time zones are an extension that it would have to download."""
    instants = {field.name for field in schema if pa.types.is_timestamp(field.type)}
    return pa.schema([pa.field(f.name, pa.timestamp("us")) if f.name in instants else f for f in schema])


def _in_utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
