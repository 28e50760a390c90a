"""The whole state of a warehouse as values to compare, and snapshots of the API that differ in a known way."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import psycopg2

from etl.core.events import Event, Listener, StepStarted, ignore
from etl.core.intervals import DataInterval
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline, Summary
from etl.postgres.connection import Warehouse
from etl.simulate import server
from etl.sources.spacex import simulator as spacex
from etl.sources.spacex.snapshot import load
from tests.conftest import client_of, spacex_at

Snapshot = dict[str, list[dict[str, Any]]]
State = dict[str, list[str]]

SOURCE = spacex_at("http://nowhere.invalid")
SILVER = tuple(dataset.name for dataset in SOURCE.datasets)
GOLD = tuple(dataset.name for dataset in SOURCE.gold)
TABLES = (*(f"silver.{name}" for name in SILVER), *(f"gold.{name}" for name in GOLD))

_PARTS = {table: f"select t::text as line from {table} as t" for table in TABLES} | {
    "watermark": "select concat_ws(' ', dataset, last_processed_date, next_start_date) as line from ops.watermark",
    "open quarantine": "select concat_ws(' ', endpoint, page, position, reason, record) as line "
    "from ops.quarantine where resolved_at is null",
}
_EVERYTHING = "select " + ", ".join(
    f"""(select coalesce(array_agg(line order by line), '{{}}') from ({query}) as lines) as "{name}" """
    for name, query in _PARTS.items()
)
_PUBLISHED = "select " + ", ".join(
    f"""(select coalesce(array_agg(line order by line), '{{}}') from ({query}) as lines) as "{name}" """
    for name, query in _PARTS.items()
    if name in TABLES
)
_STORAGE = """
select relnamespace::regnamespace::text, relname, oid::bigint, relfilenode::bigint, relacl::text
from pg_class
where relnamespace in ('silver'::regnamespace, 'gold'::regnamespace, 'parts'::regnamespace, 'stage'::regnamespace)
order by oid
"""


@contextmanager
def owner(dsn: str) -> Iterator[Any]:
    """A cursor of the database's owner; every statement commits at once."""
    connection = psycopg2.connect(dsn, options="-c timezone=UTC -c statement_timeout=0")
    connection.autocommit = True
    try:
        yield connection.cursor()
    finally:
        connection.close()


def state(dsn: str) -> State:
    """Everything readers and the next run can see, read by one statement: rows, watermarks, open quarantine."""
    with owner(dsn) as cursor:
        cursor.execute(_EVERYTHING)
        return dict(zip((c.name for c in cursor.description), cursor.fetchone(), strict=True))


def published(dsn: str) -> State:
    """All rows of silver and gold, read by one statement."""
    with owner(dsn) as cursor:
        return published_to(cursor)


def published_to(cursor: Any) -> State:
    """The same, as a transaction that is under way sees them."""
    cursor.execute("set timezone to utc")
    cursor.execute(_PUBLISHED)
    return dict(zip((c.name for c in cursor.description), cursor.fetchone(), strict=True))


def storage(dsn: str) -> list[tuple[Any, ...]]:
    """Identity, files and grants of every table that publishing may touch."""
    return rows(dsn, _STORAGE)


def rows(dsn: str, query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    """The rows of a query, as the owner."""
    with owner(dsn) as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def value(dsn: str, query: str, parameters: Any = None) -> Any:
    """The one value of a query, as the owner."""
    [[found]] = rows(dsn, query, parameters)
    return found


def snapshot() -> Snapshot:
    """The bundled facts, to be changed at will."""
    return copy.deepcopy(load())


def changed() -> Snapshot:
    """A launch renamed, a launch added, a core changed, and a record nobody can read."""
    facts = snapshot()
    launches = facts["launches"]
    launches[0]["name"] += " (renamed)"
    launches.append(launch("ffffffffffffffffffffff01", "2022-11-30", cores=[launches[-40]["cores"][0]["core"]]))
    launches.append(launch("ffffffffffffffffffffff02", "2022-12-01") | {"flight_number": "two hundred"})
    facts["cores"][0]["status"] = "lost"
    return facts


def launch(launch_id: str, day: str | None, *, cores: Sequence[str | None] = (), **fields: Any) -> dict[str, Any]:
    """A launch that has flown, as the API tells it."""
    record = copy.deepcopy(next(known for known in load()["launches"] if not known["upcoming"]))
    slot = record["cores"][0]
    record |= {"id": launch_id, "name": f"Launch {launch_id}", "date_utc": f"{day}T12:00:00.000Z" if day else None}
    record |= {"cores": [slot | {"core": core} for core in cores], "upcoming": False}
    return record | fields


def only(facts: Snapshot, start: str, end: str) -> Snapshot:
    """The facts with the launches of `[start, end)` only."""
    kept = [known for known in facts["launches"] if start <= (known["date_utc"] or "") < end]
    return facts | {"launches": kept}


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(f"{text}+00:00")


def day(text: str) -> date:
    return date.fromisoformat(text)


def run(
    dsn: str,
    lake: Lake,
    facts: Snapshot | None = None,
    interval: tuple[str, str] | None = None,
    *,
    max_refused_share: float = 0.05,
    lock_timeout_s: float = 10,
    listener: Listener = ignore,
    accepts_loss: bool = False,
) -> Summary:
    """A whole run of the loader, on a simulator that serves these facts."""
    days = DataInterval(day(interval[0]), day(interval[1])) if interval else None
    with (
        server.serve(spacex.make_app(snapshot=facts)) as simulator,
        client_of(simulator.url) as client,
        Warehouse(dsn, role="etl_loader", lock_timeout_s=lock_timeout_s) as warehouse,
    ):
        pipeline = Pipeline(spacex_at(simulator.url), lake, max_refused_share, LocalEngine(), listener, accepts_loss)
        return pipeline.run(client, warehouse, days)


class Steps:
    """Listens to a run: calls `at[name]` when the step of that name starts."""

    def __init__(self, **at: Callable[[], object]) -> None:
        self._at = at

    def __call__(self, event: Event) -> None:
        if isinstance(event, StepStarted):
            self._at.get(event.step, lambda: None)()
