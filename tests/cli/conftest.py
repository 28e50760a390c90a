"""The real command line, in an empty folder, with a clean environment."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest

from etl.postgres import embedded
from etl.postgres.connection import Warehouse
from etl.state import migrations
from tests.cli import typed
from tests.cli.forks import close, forks
from tests.conftest import named

QUICK = {"ETL_HTTP__ATTEMPTS": "2", "ETL_HTTP__WAIT_S": "0.01", "ETL_HTTP__RETRY_S": "5"}
KEPT = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START", "XDG_RUNTIME_DIR")


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        return self._last("error: ", -2)

    @property
    def hint(self) -> str:
        return self._last("hint: ", -1)

    def _last(self, word: str, place: int) -> str:
        lines = self.err.splitlines()
        assert len(lines) >= 2, self.err
        assert lines[place].startswith(word), self.err
        return lines[place].removeprefix(word)


Etl = Callable[..., Ended]
AtHome = Callable[..., subprocess.CompletedProcess[str]]
MIGRATED = "migrated"


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT if name in os.environ} | QUICK | dict(settings)


def libpq(dsn: str, **others: str) -> dict[str, str]:
    """A connection string as libpq's own variables."""
    parts = urlsplit(dsn)
    return {
        "PGHOST": parse_qs(parts.query)["host"][0] if parts.query else str(parts.hostname),
        "PGDATABASE": parts.path.removeprefix("/"),
        "PGUSER": parts.username or "postgres",
    } | others


@pytest.fixture
def etl(tmp_path: Path) -> Etl:
    """`etl("run", "spacex", ETL_LAKE__URL="…")` in the test's own folder."""

    def call(*arguments: str, stdin: str = "", **settings: str) -> Ended:
        done = forks().run(arguments, tmp_path, environment(settings), stdin)
        return Ended(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def really(tmp_path: Path) -> Etl:
    """The same in a process of its own: for what a fork of a warm process cannot prove, such as how Python starts."""

    def call(*arguments: str, **settings: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "etl", *arguments],
            cwd=tmp_path,
            env=environment(settings),
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture(scope="session", autouse=True)
def _no_server_outlives_the_tests() -> Iterator[None]:
    yield
    close()


@pytest.fixture(scope="session")
def embedded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The folder of an embedded Postgres that no command starts or stops, and its connection string."""
    data = tmp_path_factory.mktemp("embedded") / "postgres"
    with embedded.server(data) as dsn:
        with Warehouse(dsn) as owner:
            migrations.migrate(owner)
        with _administrator(dsn) as cursor:
            cursor.execute(f"alter database {embedded.DATABASE} rename to {MIGRATED}")
        yield data, dsn


@pytest.fixture
def lose_the_warehouse(embedded_server: tuple[Path, str]) -> Callable[[], None]:
    """Puts an empty warehouse into the place of the one that runs."""

    def lose() -> None:
        with _administrator(embedded_server[1]) as cursor:
            cursor.execute(f"drop database if exists {embedded.DATABASE} with (force)")
            cursor.execute(f"create database {embedded.DATABASE} template {MIGRATED}")

    return lose


@pytest.fixture
def at_home(embedded_server: tuple[Path, str], lose_the_warehouse: Callable[[], None], tmp_path: Path) -> AtHome:
    """`at_home("run", "spacex")`: what a newcomer types in an empty folder, while an empty warehouse runs already."""
    lose_the_warehouse()
    return partial(typed.etl, tmp_path, ETL_WAREHOUSE__EMBEDDED=str(embedded_server[0]))


@contextmanager
def _administrator(dsn: str) -> Iterator[Any]:
    connection = psycopg2.connect(named(dsn, "postgres"))
    connection.autocommit = True
    try:
        yield connection.cursor()
    finally:
        connection.close()
