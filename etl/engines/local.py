"""The engine for one machine: a few processes parse the pages, DuckDB runs the SQL."""

from __future__ import annotations

import glob
import math
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from multiprocessing import get_context
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import dataset as arrow_dataset

from etl.core.intervals import DataInterval
from etl.core.tables import Dataset
from etl.engines import work as pages
from etl.engines.base import Selected, Tables
from etl.engines.dialects import transpile, without_schema
from etl.engines.work import Done, Work
from etl.lake.layout import Stored
from etl.lake.parquet import rows_into, write_months
from etl.lake.store import Lake
from etl.settings import Settings

MOST_WORKERS = 4  # a pod may see many cores, but has memory for few
WORTH_A_PROCESS = 2  # tasks; a process takes most of a second to start
MEMORY_MB = 512  # of all DuckDBs together; anything more is spilled to disk
BATCH_ROWS = 65_536
ROWS_AT_ONCE = 1_000_000  # read by a statement that is run a few days at a time
SORTED_AT_ONCE = 300_000  # the same, if its rows are sorted as well, all of which must be there for that
SELECTS = 40  # in one union


@contextmanager
def engine(_settings: Settings) -> Iterator[LocalEngine]:
    """The engine; its processes start when they are needed, and end with it."""
    with _processes(min(_cores(), MOST_WORKERS)) as processes:
        yield LocalEngine(processes)


class LocalEngine:
    """Uses bounded memory, however many rows there are, and however many threads use it at the same time."""

    def __init__(self, processes: ProcessPoolExecutor | None = None) -> None:
        self._processes = processes
        self._selecting = threading.Lock()  # all cores and all the memory belong to one statement

    def parse(self, tasks: Sequence[Work]) -> Iterator[Done]:
        workers = min(_cores(), len(tasks), MOST_WORKERS)
        if workers < WORTH_A_PROCESS:
            yield from map(pages.parse, tasks)
            return
        with nullcontext(self._processes) if self._processes else _processes(workers) as processes:
            yield from processes.map(pages.parse, tasks)

    def select(
        self,
        lake: Lake,
        statement: str,
        tables: Tables,
        into: Dataset,
        path: Callable[[int], str],
        *,
        by_month: bool = False,
    ) -> Selected:
        """A dataset with a `day` is made a few days at a time, a file each, from the rows of those days alone."""
        text, day = _in_duckdb(statement), into.day if by_month else None
        cuts = _cuts(lake, tables, by_month=by_month) if into.day else [None]
        workers = min(_cores(), len(cuts), MOST_WORKERS)

        def write(number: int, days: DataInterval | None) -> list[tuple[str, int]]:
            with session(workers) as connection:
                register(connection, lake, tables, days)
                found = connection.sql(text)
                if day is not None:
                    batches = found.order(day).to_arrow_reader(BATCH_ROWS)
                    return write_months(lake, path, into.schema, day, batches)
                with rows_into(lake, path(number), into.schema) as rows:
                    for batch in found.to_arrow_reader(BATCH_ROWS):
                        rows.write(batch.cast(into.schema))
                return [(path(number), rows.rows)]

        with self._selecting, ThreadPoolExecutor(workers) as threads:
            written = [file for files in threads.map(write, range(1, len(cuts) + 1), cuts) for file in files]
        return Selected(sum(count for _, count in written), tuple(file for file, _ in written))


def _processes(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def session(sharing: int = 1) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with bounded memory, one of `sharing` that share it; it spills to files that are deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="duckdb-") as folder:
        options: dict[str, Any] = {
            "memory_limit": f"{MEMORY_MB // sharing}MB",
            "threads": max(1, _cores() // sharing),
            "temp_directory": folder,
            "preserve_insertion_order": False,
        }
        connection = duckdb.connect(config=options)
        try:
            yield connection
        finally:
            connection.close()


def register(
    connection: duckdb.DuckDBPyConnection, lake: Lake, tables: Tables, days: DataInterval | None = None
) -> None:
    """Make the tables, or those days of the ones with a `day`, visible to queries; only what these need is read."""
    for name, table in tables.items():
        if isinstance(table, pa.Table):
            connection.register(without_schema(name), table.cast(_without_zones(table.schema)))
            continue
        shares = []
        for number, stored in enumerate(table):
            share = f"{without_schema(name)}__{number}"
            _register_files(connection, lake, stored, share)
            shares.append(f"select * from {share}{_where(stored.dataset, stored.days, days)}")  # noqa: S608 - our own names
        connection.execute(f"create or replace view {without_schema(name)} as {_union(shares)}")


@contextmanager
def lake_session(lake: Lake, tables: Tables) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with these tables of the lake."""
    with session() as connection:
        register(connection, lake, tables)
        yield connection


def create_view(connection: duckdb.DuckDBPyConnection, name: str, text: str) -> None:
    """Make the rows of a statement written for Postgres visible under a name."""
    connection.execute(f"create view {without_schema(name)} as {_in_duckdb(text)}")


def find(connection: duckdb.DuckDBPyConnection, text: str, most: int) -> tuple[int, list[dict[str, Any]]]:
    """How many rows a statement written for Postgres finds, and the first few of them."""
    result = connection.execute(_in_duckdb(text))
    names = [column[0] for column in result.description]
    count = 0
    first: list[tuple[Any, ...]] = []
    while some := result.fetchmany(BATCH_ROWS):
        first += some[: most - len(first)] if len(first) < most else []
        count += len(some)
    return count, [dict(zip(names, map(_in_utc, row), strict=True)) for row in first]


def rows(connection: duckdb.DuckDBPyConnection, text: str) -> list[dict[str, Any]]:
    """The rows of a statement written for Postgres."""
    result = connection.execute(_in_duckdb(text))
    names = [column[0] for column in result.description]
    return [dict(zip(names, map(_in_utc, row), strict=True)) for row in result.fetchall()]


def _in_duckdb(text: str) -> str:
    return transpile(text, "duckdb", without_schema)


def _register_files(connection: duckdb.DuckDBPyConnection, lake: Lake, stored: Stored, name: str) -> None:
    """DuckDB reads local files itself, in half the time; for an object store it would have to download an extension."""
    schema = _without_zones(stored.dataset.schema)
    if not lake.is_local:
        files = [lake.full_path(file) for file in stored.files]
        scan = arrow_dataset.dataset(files, schema=schema, filesystem=lake.files, format="parquet")
        connection.register(name, scan)
        return
    found = connection.read_parquet(
        [glob.escape(lake.full_path(file)) for file in stored.files], hive_partitioning=False
    )
    declared = connection.from_arrow(schema.empty_table())
    columns = [_column(*each, found.columns) for each in zip(declared.columns, declared.types, strict=True)]
    found.project(", ".join(columns)).create_view(name)


def _column(name: str, kind: Any, found: Sequence[str]) -> str:
    """A column as declared; null if an older file lacks it."""
    if name not in found:
        return f"cast(null as {kind}) as {name}"
    return f"make_timestamp(epoch_us({name})) as {name}" if kind == "TIMESTAMP" else name


def _cuts(lake: Lake, tables: Tables, *, by_month: bool) -> list[DataInterval | None]:
    """All days of the tables with a `day`, cut into intervals of bounded size if days have similar numbers of rows.

    `by_month`: only between two months.
    """
    dated = [
        f"select {table[0].dataset.day} as day from {without_schema(name)}"  # noqa: S608 - our own names
        for name, table in tables.items()
        if not isinstance(table, pa.Table) and table[0].dataset.day
    ]
    if not dated:
        return [None]
    with session() as connection:
        register(connection, lake, tables)
        first, last, count = connection.execute(
            f"select min(day), max(day), count(*) from ({' union all '.join(dated)})"  # noqa: S608
        ).fetchall()[0]
    cuts = math.ceil(count / (SORTED_AT_ONCE if by_month else ROWS_AT_ONCE))
    if cuts < 2:
        return [None]
    whole = (last - first).days + 1
    bounds = {first + timedelta(days=whole * cut // cuts) for cut in range(cuts)}
    if by_month:
        bounds = {bound.replace(day=1) for bound in bounds}
    return [DataInterval(start, end) for start, end in pairwise([*sorted(bounds), last + timedelta(days=1)])]


def _union(selects: list[str]) -> str:
    """All their rows, nested in groups: DuckDB takes a minute to plan one union of a thousand."""
    if len(selects) <= SELECTS:
        return " union all ".join(selects)
    groups = (selects[first : first + SELECTS] for first in range(0, len(selects), SELECTS))
    return _union([f"select * from ({' union all '.join(group)})" for group in groups])  # noqa: S608


def _where(dataset: Dataset, *intervals: DataInterval | None) -> str:
    conditions = [
        f"{dataset.day} >= date '{days.start}' and {dataset.day} < date '{days.end}'"
        for days in intervals
        if days is not None and dataset.day is not None
    ]
    return f" where {' and '.join(conditions)}" if conditions else ""


def _without_zones(schema: pa.Schema) -> pa.Schema:
    """Timestamps in UTC, without a zone: DuckDB's time zones are an extension that it would have to download."""
    instants = {field.name for field in schema if pa.types.is_timestamp(field.type)}
    return pa.schema([pa.field(f.name, pa.timestamp("us")) if f.name in instants else f for f in schema])


def _in_utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
