"""`python -m tests.engines.spark FOLDER`: runs Spark and calls functions for tests, one after the other."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any

import pyarrow as pa
import structlog
from pyspark.errors import PySparkException

from etl.cli import main as cli
from etl.core.pages import PageContext, Parsed
from etl.engines import spark as spark_engine
from etl.engines import spark_session
from etl.engines import work as pages
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.settings import Settings, SparkSettings
from tests.engines.cases import SOURCES, cases
from tests.engines.engines import flat
from tests.engines.one_spark import AUTHKEY

ATTEMPTS = 3
SETTINGS = Settings.model_construct(spark=SparkSettings(master=f"local[2,{ATTEMPTS}]", memory="640m"))


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


def answer(case_name: str) -> dict[str, pa.Table]:
    """What Spark makes of a case, by table. Raises: RuntimeError with its words."""
    case = cases()[case_name]
    answers = {}
    with spark_session.session(SETTINGS.spark) as session:
        # More than one part, so that rows meet that were apart; as many as rows would cost a task for each.
        session.conf.set("spark.sql.shuffle.partitions", "2")
        session.conf.set("spark.sql.leafNodeDefaultParallelism", "2")
        for name, table in case.tables.items():
            session.createDataFrame(table).createOrReplaceTempView(flat(name))
        for name, text in case.makes.items():
            try:
                with spark_engine.selecting(session, text) as rows:
                    answers[name] = rows.toArrow()
            except PySparkException as error:
                raise RuntimeError(str(error)) from None
            session.createDataFrame(answers[name]).createOrReplaceTempView(flat(name))
    return answers


def etl(arguments: list[str], settings: Mapping[str, str]) -> Ended:
    """The real command line, in this process, so that it finds Spark running."""
    before = dict(os.environ)
    os.environ.update(settings)
    sys.argv = ["etl", *arguments]
    structlog.contextvars.clear_contextvars()
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as ended:
        return Ended(int(ended.code or 0), out.getvalue(), err.getvalue())
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(before)


def transform(
    lake: Lake, source_name: str, extraction_id: str, bytes_of_a_work: int, killed: str | None = None
) -> Transformed:
    """Transform a run in works of that size; a file `killed`: the first task that parses dies, and leaves it there."""
    [source] = [source for source in SOURCES if source.name == source_name]
    if killed:
        source = replace(source, endpoints=tuple(replace(e, parse=DiesOnce(killed, e.parse)) for e in source.endpoints))
    before, pages.BYTES = pages.BYTES, bytes_of_a_work
    try:
        with spark_engine.engine(SETTINGS) as engine:
            return Pipeline(source, lake, 1.0, engine).transform(extraction_id)
    finally:
        pages.BYTES = before


@dataclass(frozen=True)
class DiesOnce:
    """A parser whose process is killed at its first page."""

    file: str
    parse: Any

    def __call__(self, body: bytes, context: PageContext) -> Parsed:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.file, os.O_CREAT | os.O_EXCL))
            os.kill(os.getpid(), signal.SIGKILL)
        return self.parse(body, context)


def select(lake: Lake, statement: str, tables: Any, into: Any, path: Any) -> Any:
    with spark_engine.engine(SETTINGS) as engine:
        return engine.select(lake, statement, tables, into, path)


def serve(folder: Path) -> None:
    with Listener(("127.0.0.1", 0), backlog=32, authkey=AUTHKEY) as listener:
        threading.Thread(target=_end_with_the_last_user, args=(folder, listener.address), daemon=True).start()
        unfinished = folder / "port.unfinished"
        unfinished.write_text(str(listener.address[1]))
        unfinished.rename(folder / "port")
        for connection, function, arguments in _asked(listener):
            try:
                connection.send((True, function(*arguments)))
            except Exception as error:
                try:
                    connection.send((False, error))
                except Exception:
                    connection.send((False, RuntimeError(repr(error))))
            connection.close()


def _asked(listener: Listener) -> Iterator[tuple[Any, Any, Any]]:
    while True:
        connection = listener.accept()
        asked = connection.recv()
        if asked is None:
            return
        yield connection, *asked


def _end_with_the_last_user(folder: Path, address: Any) -> None:
    with (folder / "users").open("w") as users:
        while True:
            time.sleep(0.5)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
        (folder / "port").unlink()
        with Client(address, authkey=AUTHKEY) as connection:
            connection.send(None)


if __name__ == "__main__":
    with spark_engine.engine(SETTINGS):
        serve(Path(sys.argv[1]))
