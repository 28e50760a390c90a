"""What is published: how far it is, and the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa

from etl import destinations, sources
from etl.cli.console import answers, runs
from etl.cli.startup import start
from etl.core.errors import ConfigError
from etl.engines import local as local_engine
from etl.engines.dialects import transpile
from etl.lake import silver
from etl.lake.layout import Stored
from etl.postgres.connection import Warehouse
from etl.runtime import Runtime
from etl.sources import NAMES
from etl.sql import questions
from etl.sql.questions import Answer

if TYPE_CHECKING:
    from etl.lake.tables import Tables

Rows = pa.Table | Sequence[Stored]
Execute = Callable[[str], list[dict[str, Any]]]


@click.command()
@click.option(
    "--runs", "limit", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many runs to show."
)
def status(limit: int) -> None:
    """Show watermarks, recent runs and quarantined records."""
    with start().warehouse() as warehouse:
        runs.show_status(
            warehouse.run("ledger/watermarks"),
            warehouse.run("ledger/gaps"),
            warehouse.run("ledger/last_runs", {"limit": limit}),
            warehouse.run("ledger/open_quarantine", {"source": None, "destination": None}),
        )


@click.command()
@click.argument("question", required=False)
@click.option("--on", type=click.Choice(destinations.NAMES), default="warehouse", show_default=True)
def ask(question: str | None, on: str) -> None:
    """Answer the questions of sql/questions/ as tables. Without QUESTION, all those about published sources.

    On the lake, DuckDB answers from its tables; on redshift, Redshift from its own.
    """
    runtime = start()
    source_name = questions.source_of(question) if question else None
    if on == "lake":
        with runtime.tables() as tables:
            names = [source_name] if source_name else [name for name in NAMES if _held(runtime, tables, name)]
            found = [answer for name in names for answer in lake_answers(runtime, tables, name, question)]
    else:
        with _database(runtime, on) as (published, execute):
            names = [source_name] if source_name else [name for name in NAMES if name in published]
            found = [answer for name in names for answer in published_answers(published, execute, name, question)]
    if not names:
        raise _nothing_to_ask(runtime, on)
    answers.show(found)


def _held(runtime: Runtime, tables: Tables, source_name: str) -> dict[str, Rows]:
    """All tables of a source in the lake; none, if there are not all."""
    source = runtime.source(source_name)
    declared = {f"silver.{d.name}": d for d in source.datasets} | {f"gold.{d.name}": d for d in source.gold}
    found = {name: table for name, dataset in declared.items() if (table := tables.find(name, dataset))}
    if len(found) < len(declared):
        return {}
    return {name: table.stored() or table.dataset.schema.empty_table() for name, table in found.items()}


def _nothing_to_ask(runtime: Runtime, on: str) -> ConfigError:
    ready = [name for name in NAMES if not runtime.source(name).api.auth.missing()]
    if on == "lake":
        transformed = [name for name in NAMES if silver.latest(runtime.lake(), runtime.source(name), None)]
        commands = [f"`etl publish {name} --destination lake`" for name in transformed] or [
            f"`etl run {name} --destination lake`" for name in ready
        ]
        return ConfigError(
            f"Nothing has been published into {runtime.lake().url} yet.", hint=f"Run {' or '.join(commands)} first."
        )
    run_one = " or ".join(f"`etl run {name}`" for name in ready)
    return ConfigError("Nothing has been published yet.", hint=f"Run {run_one} first.")


def warehouse_answers(warehouse: Warehouse, source_name: str, question: str | None = None) -> list[Answer]:
    """Answers about a source from the warehouse: to one question, or to all that can be answered.

    Raises: ConfigError if that one is about a source of which nothing has been published.
    """
    return published_answers(_published(warehouse), warehouse.execute, source_name, question)


def _published(warehouse: Warehouse) -> set[str]:
    return {row["source"] for row in warehouse.run("ledger/published_sources")}


@contextmanager
def _database(runtime: Runtime, name: str) -> Iterator[tuple[set[str], Execute]]:
    """The sources that the warehouse or Redshift has, and what executes a statement there."""
    if name == "redshift":
        with redshift(runtime) as found:
            yield found
    else:
        with runtime.warehouse() as warehouse:
            yield _published(warehouse), warehouse.execute


@contextmanager
def redshift(runtime: Runtime) -> Iterator[tuple[set[str], Execute]]:
    """The sources that Redshift has, and what executes a statement written for Postgres there."""
    from etl.destinations.redshift import connection, markers

    with connection.session(runtime.settings.redshift) as session:
        yield markers.sources(session), lambda text: session.execute(transpile(text, "redshift"))


def answers_from(runtime: Runtime, warehouse: Warehouse, destination: str, source_name: str) -> list[Answer]:
    """All answers about a source from where it was published."""
    if destination == "lake":
        with runtime.tables() as tables:
            return lake_answers(runtime, tables, source_name)
    if destination == "redshift":
        with redshift(runtime) as (published, execute):
            return published_answers(published, execute, source_name)
    return warehouse_answers(warehouse, source_name)


def published_answers(
    published: set[str], execute: Execute, source_name: str, question: str | None = None
) -> list[Answer]:
    """Answers from a database that has the sources `published`. Raises: ConfigError as for the warehouse."""
    asked = questions.texts(source_name, question)
    if question is not None and (missing := {source_name, *_others(asked, source_name)} - published):
        raise _nothing_of(question, min(missing), "has not been published yet")
    answerable = {name: text for name, text in asked.items() if _others({name: text}, source_name) <= published}
    return questions.ask(answerable, execute)


def lake_answers(runtime: Runtime, tables: Tables, source_name: str, question: str | None = None) -> list[Answer]:
    """The same answers from the lake's tables. Raises: ConfigError as for the warehouse."""
    asked = questions.texts(source_name, question)
    about = {source_name, *_others(asked, source_name)}
    held = {name: found for name in about if (found := _held(runtime, tables, name))}
    if question is not None and (missing := about - held.keys()):
        raise _nothing_of(question, min(missing), "has not been published into the lake", " --destination lake")
    answerable = {name: text for name, text in asked.items() if _others({name: text}, source_name) <= held.keys()}
    known = {name: rows for found in held.values() for name, rows in found.items()}
    with local_engine.lake_session(runtime.lake(), known) as connection:
        return questions.ask(answerable, partial(local_engine.rows, connection))


def _others(asked: Mapping[str, str], source_name: str) -> frozenset[str]:
    """The other sources whose tables some of these questions read."""
    return sources.of_tables(table for text in asked.values() for table in questions.tables(text)) - {source_name}


def _nothing_of(question: str, source_name: str, what: str, options: str = "") -> ConfigError:
    return ConfigError(
        f"{question} is about {source_name}, which {what}.", hint=f"Run `etl run {source_name}{options}` first."
    )
