"""A machine that runs the pipeline for a year: its Postgres, its lake, and each command in a process of its own."""

from __future__ import annotations

import hashlib
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from etl import sources
from etl.core.tables import Dataset
from etl.lake.store import UNFINISHED, Lake
from etl.postgres import embedded
from etl.postgres.connection import Warehouse
from tests import lakes, postmaster
from tests.bench import tree
from tests.conftest import ROOT
from tests.soak.apis import SOURCES

IN_THE_LAKE = "sensors"  # published there, too
# The archive's limits, which we keep to, are per hour: a year in an hour must ask for few places.
FEW = {"ETL_SENSORS__ROWS": "3", "ETL_SENSORS__COLUMNS": "3"}
QUICK = {"ETL_HTTP__ATTEMPTS": "3", "ETL_HTTP__WAIT_S": "0.01", "ETL_HTTP__RETRY_S": "20"}
TABLES: dict[str, Dataset] = {
    f"{schema}.{table.name}": table
    for name in SOURCES
    for schema, tables in (("silver", sources.load(name).datasets), ("gold", sources.load(name).gold))
    for table in tables
}
SIZES = """
select
    pg_database_size(current_database()) as warehouse,
    (select count(*) from ops.run) as runs,
    (select count(*) from ops.run where status = 'running') as running,
    (select count(*) from pg_class where relnamespace = 'stage'::regnamespace and relkind = 'r') as staged
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended; a negative code is the signal that killed it; `cpu_s` includes the server's."""

    code: int
    seconds: float
    cpu_s: float
    said: str


class Site:
    """A folder with a lake and an embedded Postgres, which `up` keeps running between commands."""

    def __init__(self, folder: Path, url: str, *, lake: Path | None = None) -> None:
        self.folder = folder
        self.data = folder / "postgres"
        self.lake = lake or folder / "lake"
        urls = {f"ETL_{name}__BASE_URL".upper(): f"{url}/{name}" for name in SOURCES}
        places = {"ETL_WAREHOUSE__EMBEDDED": str(self.data), "ETL_LAKE__URL": str(self.lake)}
        self._environment = tree.clean_environment() | {"PYTHONPATH": str(ROOT)} | QUICK | FEW | places | urls
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def up(self) -> Iterator[None]:
        """Keep the server running while the block does."""
        with embedded.server(self.data):
            yield

    def etl(self, *arguments: str, dies_after: float | None = None, disk: int | None = None) -> Ended:
        """Run a command to its end, kill it after so many seconds, or let no file grow beyond so many bytes."""
        begun, cpu_s = time.monotonic(), self._cpu_s()
        with subprocess.Popen(
            [sys.executable, "-m", "etl", *arguments],
            cwd=self.folder,
            env=self._environment,
            preexec_fn=disk and partial(resource.setrlimit, resource.RLIMIT_FSIZE, (disk, disk)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                said, _ = process.communicate(timeout=dies_after)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                said, _ = process.communicate()
        return Ended(process.returncode, time.monotonic() - begun, self._cpu_s() - cpu_s, said)

    def _cpu_s(self) -> float:
        """What all commands and, since it was started, the server have taken until now."""
        commands = resource.getrusage(resource.RUSAGE_CHILDREN)
        with suppress(OSError, psutil.NoSuchProcess):  # it may be down
            return commands.ru_utime + commands.ru_stime + sum(postmaster.of(self.data).cpu_times()[:4])
        return commands.ru_utime + commands.ru_stime

    @contextmanager
    def _session(self) -> Iterator[Warehouse]:
        with embedded.server(self.data) as dsn, Warehouse(dsn) as session:
            yield session

    def contents(self) -> dict[str, tuple[int, str]]:
        """Each published table: how many rows, and a digest of them without their bookkeeping."""
        found = {}
        with self._session() as session:
            for name, table in TABLES.items():
                (row,) = session.execute(
                    f"select count(*) as rows, md5(coalesce(string_agg(line, '|' order by line), '')) as digest "
                    f"from (select row({_content(table)})::text as line from {name}) as lines"
                )
                found[name] = row["rows"], row["digest"]
        return found

    def in_both(self) -> tuple[dict[str, tuple[int, str]], dict[str, tuple[int, str]]]:
        """The same of each table that is in the lake, too: as the lake has it, and as the warehouse does."""
        source = sources.load(IN_THE_LAKE)
        with self._session() as session:
            lake = lakes.content(session, Lake(str(self.lake)), source)
            warehouse = {
                name: session.execute(f"select {_content(table)} from {name}")
                for name, table in TABLES.items()
                if table in (*source.datasets, *source.gold)
            }
        return _digests(lake), _digests(warehouse)

    def sizes(self) -> dict[str, int]:
        """Bytes and counts that must not grow faster than the data."""
        with self._session() as session:
            (row,) = session.execute(SIZES)
            published = sum(session.execute(f"select count(*) as rows from {name}")[0]["rows"] for name in TABLES)
        files = [file for file in self.lake.rglob("*") if file.is_file()]
        lake = {"lake": sum(file.stat().st_size for file in files), "files": len(files)}
        unfinished = {"unfinished": sum(file.name.endswith(UNFINISHED) for file in files)}
        return {**{name: int(number) for name, number in row.items()}, **lake, **unfinished, "rows": published}


def _content(table: Dataset) -> str:
    """Its columns but for bookkeeping."""
    return ", ".join(f'"{column.name}"' for column in table.columns if not column.is_bookkeeping)


def _digests(found: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, tuple[int, str]]:
    """By table, how many rows, and a digest of them in whatever order."""
    lines = {name: sorted(str(tuple(row.values())) for row in rows) for name, rows in found.items()}
    return {name: (len(each), hashlib.md5("|".join(each).encode()).hexdigest()) for name, each in lines.items()}
