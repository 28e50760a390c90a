"""Processes that kill themselves at a chosen point of a run.

This file runs as a small server of its own: it imports everything once, reads one job a line and forks a child for
each. The child counts the points it passes (before each statement, amid each COPY, after the last commit, before and
inside each change of the lake) and ends itself with SIGKILL at the one the job names. Production code knows nothing
of this: the child puts its own connection class and its own lake in place of the real ones.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Job:
    """What the child does: a whole run, or publishing `extraction_id` from the lake; `dies_at` counts points from 1.

    With `redshift`, the settings of a stand-in, it publishes there; `into_lake`, into the lake.
    """

    dsn: str
    lake: str
    url: str = "http://nowhere.invalid"
    extraction_id: str | None = None
    dies_at: int = 0
    redshift: dict[str, Any] | None = None
    into_lake: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    list_points: bool = False


@dataclass(frozen=True)
class Death:
    """How the child ended: the signal, or its exit code and what it said; the points it passed if they were asked."""

    signal: int
    exit_code: int
    points: list[str]


class Victims:
    """The server of children. Use as a context manager."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        )

    def __enter__(self) -> Victims:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def run(self, job: Job) -> Death:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(asdict(job)) + "\n")
        self._server.stdin.flush()
        return Death(**json.loads(self._server.stdout.readline()))

    def points(self, job: Job) -> list[str]:
        """Every point that an undisturbed child passes."""
        death = self.run(Job(**asdict(job) | {"list_points": True}))
        assert (death.signal, death.exit_code) == (0, 0), death
        return death.points


class _Points:
    """Counts, and kills."""

    def __init__(self, dies_at: int) -> None:
        self.passed: list[str] = []
        self._dies_at = dies_at

    def __call__(self, what: str) -> None:
        self.passed.append(what)
        if len(self.passed) == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _connections(point: _Points) -> Any:
    """A connection class that passes a point at every boundary of a statement."""
    from psycopg2.extensions import connection as Connection  # noqa: N812

    class Cursor:
        def execute(self, query: Any, parameters: Any = None) -> None:
            text = query if isinstance(query, str) else query.as_string(self)
            point(f"before {_first_words(text)}")
            super().execute(query, parameters)  # type: ignore[misc]

        def copy_expert(self, command: Any, file: Any, size: int = 8192) -> None:
            point("before copy")
            super().copy_expert(command, _Stream(file, point), size)  # type: ignore[misc]

    class DyingConnection(Connection):
        def cursor(self, *args: Any, **kwargs: Any) -> Any:
            usual = kwargs.pop("cursor_factory", None) or _plain_cursor()
            return super().cursor(*args, cursor_factory=type("DyingCursor", (Cursor, usual), {}), **kwargs)

        def __exit__(self, kind: Any, *rest: Any) -> None:
            if kind is None:
                point("before commit")
            super().__exit__(kind, *rest)
            if kind is None:
                point("after commit")

    return DyingConnection


def _plain_cursor() -> Any:
    from psycopg2.extensions import cursor

    return cursor


def _first_words(text: str) -> str:
    code = [line for line in text.splitlines() if not line.startswith("--")]
    return " ".join(" ".join(code).split()[:3])


class _Stream:
    """A COPY stream that passes a point before its first bytes and, when it has sent some, before its end."""

    def __init__(self, file: Any, point: _Points) -> None:
        self._file = file
        self._point = point

    def read(self, size: int) -> Any:
        self._point("amid copy")
        return self._file.read(size)


def _dying_lake(url: str, point: _Points) -> Any:
    from etl.lake.store import Lake

    class DyingLake(Lake):
        @contextmanager
        def create(self, path: str) -> Iterator[Any]:
            point(f"before writing {path}")
            with super().create(path) as file:
                yield file
                point(f"before renaming {path}")

        def delete(self, path: str) -> None:
            point(f"before deleting {path}")
            super().delete(path)

    return DyingLake(url)


def _dying_redshift(job: Job, lake: Any, point: _Points) -> Any:
    """The destination, whose driver passes a point before each statement and after each commit."""
    import redshift_connector

    from etl.destinations.redshift.publication import RedshiftDestination
    from etl.settings import RedshiftSettings

    execute = redshift_connector.Connection.execute

    def dying(connection: Any, cursor: Any, operation: str, values: Any) -> None:
        point(f"before redshift's {_first_words(operation)}")
        execute(connection, cursor, operation, values)
        if operation == "commit":
            point("after redshift's commit")

    redshift_connector.Connection.execute = dying
    return RedshiftDestination(RedshiftSettings(**job.redshift or {}), lake, 10)


def _dying_lake_destination(warehouse: Any, lake: Any, point: _Points) -> Any:
    """The destination, whose metadata files are points as well: pyiceberg writes them."""
    from pyiceberg.io.pyarrow import PyArrowFile

    from etl.destinations.lake.publication import LakeDestination
    from etl.engines.local import LocalEngine

    create = PyArrowFile.create

    def dying(file: Any, overwrite: bool = False) -> Any:
        point(f"before writing {file.location}")
        stream = create(file, overwrite)
        point(f"amid writing {file.location}")
        return stream

    PyArrowFile.create = dying  # type: ignore[method-assign]
    return LakeDestination(warehouse, lake, LocalEngine())


def _live(job: Job, point: _Points) -> None:
    import psycopg2
    import structlog

    from etl.engines.local import LocalEngine
    from etl.pipeline.pipeline import Pipeline
    from etl.pipeline.selection import transformed_extraction
    from etl.postgres.connection import Warehouse
    from tests.conftest import client_of, spacex_at

    os.environ.update(job.environment)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    psycopg2.connect = partial(psycopg2.connect, connection_factory=_connections(point))
    lake, source = _dying_lake(job.lake, point), spacex_at(job.url)
    pipeline = Pipeline(source, lake, 0.05, LocalEngine())
    into = _dying_redshift(job, lake, point) if job.redshift else None
    with Warehouse(job.dsn, role="etl_loader", lock_timeout_s=10) as warehouse:
        if job.into_lake:
            into = _dying_lake_destination(warehouse, lake, point)
        if job.extraction_id is not None:
            pipeline.publish(warehouse, transformed_extraction(lake, source, None, job.extraction_id), into)
        else:
            with client_of(job.url) as client:
                pipeline.run(client, warehouse, None)


def _child(job: Job, answer: int) -> None:
    point, code = _Points(job.dies_at), 1
    try:
        _live(job, point)
        code = 0
    except Exception as error:  # the parent shows it
        point.passed.append(f"{type(error).__name__}: {error}")
    finally:
        os.write(answer, json.dumps(point.passed if job.list_points or code else []).encode())
        os._exit(code)


def _serve() -> None:
    import etl.engines.local
    import etl.lake.tables
    import etl.pipeline.pipeline
    import etl.sources.spacex  # noqa: F401
    import tests.conftest  # noqa: F401

    for line in sys.stdin:
        job = Job(**json.loads(line))
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _child(job, writing)
        os.close(writing)
        with os.fdopen(reading) as told:
            points = told.read()
        _, status = os.waitpid(child, 0)
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
        print(json.dumps(asdict(Death(killed, code, json.loads(points or "[]")))), flush=True)


if __name__ == "__main__":
    _serve()
