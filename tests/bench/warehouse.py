"""Our way from Arrow to published, and raw COPY beside it, each timed from the first statement to the commit."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
from psycopg2 import sql

from etl.core.events import ignore
from etl.core.ids import new_id
from etl.core.tables import Dataset
from etl.destinations.postgres.publication import PostgresDestination
from etl.postgres.connection import Warehouse
from etl.postgres.copy import Encoded
from etl.state.ledger import Attempt
from tests.bench import readings

DDL = Path(__file__).with_name("readings.sql").read_text()
PARTS = {  # what a statement is about, in the words of the table of where the time goes
    "copy": "COPY into the stage table",
    "publish/key_stage": "primary key and statistics",
    "publish/bring_in": "deletes, updates and inserts",
    "publish/measure": "row count and checksum",
    "audit": "audits",
}


@dataclass(frozen=True)
class Loaded:
    """How long a load took, and where the time went if that is known."""

    seconds: float
    parts: Mapping[str, float]


class Timed(Warehouse):
    """A session that keeps the seconds of its statements by part."""

    def __init__(self, dsn: str, **options: Any) -> None:
        self.parts = defaultdict[str, float](float)
        self._about = "audit"
        super().__init__(dsn, **options)

    def run(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        self._about = name
        try:
            return super().run(name, parameters)
        finally:
            self._about = "audit"

    def execute(
        self, query: str | sql.Composable, parameters: Mapping[str, Any] | Sequence[Any] | None = None
    ) -> list[dict[str, Any]]:
        begin = time.perf_counter()
        try:
            return super().execute(query, parameters)
        finally:
            self.parts[PARTS.get(self._about, "ledger, publishing and commit")] += time.perf_counter() - begin

    def copy(self, command: sql.Composable, file: Any) -> None:
        begin = time.perf_counter()
        super().copy(command, file)
        self.parts[PARTS["copy"]] += time.perf_counter() - begin


def reset(dsn: str) -> None:
    """The published table as a migration leaves it: empty."""
    _as_owner(
        dsn,
        "drop table if exists silver.bench_readings",
        "delete from ops.table_part where table_name = 'bench_readings'",
        DDL,
    )


def publish(dsn: str, batches: Iterable[pa.RecordBatch]) -> Loaded:
    """Stage, audit, publish and enter in the ledger, as `etl publish` does."""

    def rows(_dataset: Dataset) -> Iterable[pa.RecordBatch]:
        return batches

    warehouse = Timed(dsn, role="etl_loader")
    with warehouse:
        begin = time.perf_counter()
        attempt = Attempt(warehouse, new_id(), readings.SOURCE.name, None, "warehouse")
        attempt.start(readings.SOURCE.origin)
        with PostgresDestination(warehouse).open(readings.SOURCE, None, (), ignore, new_id()) as new:
            new.stage(rows, (), ())
            new.audit(accepts_loss=False)
            attempt.audits = tuple(new.audits)
            tables = new.publish()
            attempt.finish(
                status="published", origin=readings.SOURCE.origin, extraction_id=attempt.run_id, outcomes=tables
            )
        seconds = time.perf_counter() - begin
    if not all(table.is_changed for table in tables):
        raise AssertionError("the benchmark published what was there already")
    warehouse.parts["ledger, publishing and commit"] += seconds - sum(warehouse.parts.values())
    return Loaded(seconds, dict(warehouse.parts))


def make_raw(dsn: str, *, keyed: bool) -> None:
    """An empty table of the same columns for raw COPY."""
    _as_owner(dsn, "drop table if exists public.raw_readings", _raw_table(keyed=keyed))


def copy_raw(dsn: str, batches: Iterable[pa.RecordBatch], *, truncate: bool = False, make: bool = False) -> Loaded:
    """Binary COPY and commit, nothing else; `make`: into a table made in the same transaction, which writes no WAL."""
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        begin = time.perf_counter()
        if make:
            cursor.execute("drop table public.raw_readings")
            cursor.execute(_raw_table(keyed=True))
        if truncate:
            cursor.execute("truncate public.raw_readings")
        cursor.copy_expert(
            "copy public.raw_readings from stdin with (format binary)",
            Encoded(readings.READINGS.schema, batches),
            size=1 << 16,
        )
        connection.commit()
        return Loaded(time.perf_counter() - begin, {})


def count(dsn: str, table: str) -> int:
    """Rows of a table."""
    with Warehouse(dsn) as warehouse:
        return int(warehouse.execute(f"select count(*) as n from {table}")[0]["n"])


def checkpoint(dsn: str) -> None:
    """Let no load pay for the one before it."""
    with Warehouse(dsn) as warehouse:
        warehouse.execute("checkpoint")


def _raw_table(*, keyed: bool) -> str:
    key = "including indexes" if keyed else ""
    return f"create table public.raw_readings (like silver.bench_readings {key})"


def _as_owner(dsn: str, *statements: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
