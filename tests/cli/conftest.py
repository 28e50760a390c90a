"""The real command line, in a process of its own, in an empty folder, with a clean environment."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

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
        done = subprocess.run(
            [sys.executable, "-m", "etl", *arguments],
            cwd=tmp_path,
            env=environment(settings),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return call
