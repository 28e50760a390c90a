"""How notebooks read the warehouse: `query` takes SQL, `answer` the name of a file in sql/questions/.

Postgres runs while a notebook is open, and refuses every write from it.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pandas as pd

from etl import sources
from etl.core.errors import ConfigError
from etl.postgres.connection import Warehouse
from etl.postgres.errors import translated
from etl.runtime import Runtime, from_environment
from etl.sql import questions

ROOT = Path(__file__).parents[1]


def query(text: str) -> pd.DataFrame:
    """The rows of a statement on silver and gold. Raises: ConfigError if a source that it reads has never been run."""
    with _runtime().reader() as warehouse:
        _require_rows(warehouse, sources.of_tables(questions.tables(text)))
        with translated(), warehouse.raw.cursor() as cursor:
            cursor.execute(text)
            columns = [column.name for column in cursor.description]
            return pd.DataFrame.from_records(cursor.fetchall(), columns=columns, coerce_float=True)


def answer(question: str) -> pd.DataFrame:
    """The rows that `etl ask` shows for it."""
    return query(questions.texts(questions.source_of(question), question)[question])


def answers() -> Iterator[tuple[str, pd.DataFrame | None]]:
    """Each question in words, with its answer. Where there is none, the words say what to run first."""
    for source in sources.NAMES:
        for text in questions.texts(source).values():
            try:
                yield questions.in_words(text), query(text)
            except ConfigError as error:
                yield f"{questions.in_words(text)} {error.message} {error.hint}", None


@cache
def _runtime() -> Runtime:
    """With a server that runs until the notebook is closed; relative paths mean what they mean in commands."""
    found = from_environment()
    warehouse = found.settings.warehouse
    warehouse = warehouse.model_copy(update={"embedded": ROOT / warehouse.embedded})
    runtime = Runtime(found.settings.model_copy(update={"warehouse": warehouse}), found.is_elsewhere)
    until_closed = ExitStack()
    until_closed.enter_context(runtime.server())
    atexit.register(until_closed.close)
    return runtime


def _require_rows(warehouse: Warehouse, names: Iterable[str]) -> None:
    for name in sorted(names):
        table = sources.load(name).datasets[0].name
        if not warehouse.execute(f"select true as found from silver.{table} limit 1"):  # noqa: S608 - a name that we declare
            raise ConfigError(f"Nothing of {name} has been published:", hint=f"run `.venv/bin/etl run {name}`.")
