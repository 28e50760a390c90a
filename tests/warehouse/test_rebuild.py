"""A destination that was lost is made again from the lake alone, as it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from etl import destinations
from etl.core.errors import AuditError, LakeUnavailableError
from etl.engines.local import LocalEngine
from etl.lake import compaction, expiry, inventory
from etl.lake.layout import LAYERS
from etl.lake.store import Lake
from etl.pipeline import rebuild
from etl.pipeline.pipeline import Pipeline
from etl.pipeline.rebuild import Refused
from etl.postgres.connection import Warehouse
from etl.state import ledger
from tests.conftest import MakeDatabase, spacex_at
from tests.lakes import content
from tests.warehouse import states, test_sensors
from tests.warehouse.test_sensors import TODAY, Change, into, pipeline_on, simulator, source_at

DAY = timedelta(days=1)
NOWHERE = "http://127.0.0.1:9"  # a rebuild asks no API
TABLES = [f"silver.{table.name}" for table in source_at(NOWHERE).datasets] + [
    f"gold.{table.name}" for table in source_at(NOWHERE).gold
]
BOOKKEEPING = "'received_at', 'processed_at', 'loaded_at'"


def contents(dsn: str) -> dict[str, Any]:
    """All that readers and the next run see of the sensors."""
    found: dict[str, Any] = {
        name: sorted(
            row for (row,) in states.rows(dsn, f"select (to_jsonb(t) - array[{BOOKKEEPING}])::text from {name} as t")
        )
        for name in TABLES
    }
    found["watermark"] = states.rows(dsn, "select dataset, last_processed_date, next_start_date from ops.watermark")
    found["quarantine"] = states.rows(
        dsn, "select endpoint, record, resolved_at is null from ops.quarantine order by 2"
    )
    return found


def remade(
    warehouse: Warehouse, lake: Lake, destination: str = destinations.DEFAULT, pipeline: Pipeline | None = None
) -> list[Refused]:
    pipeline = pipeline or Pipeline(source_at(NOWHERE), lake, 0.05, LocalEngine())
    plan = rebuild.make_plan(pipeline, warehouse, destination)
    target = into(destination, pipeline, warehouse)
    return rebuild.execute(plan, pipeline, warehouse, target, lambda *_: None, lambda *_: None)


def as_it_is(_answer: list[dict[str, Any]]) -> None:
    pass


def unreadable(answer: list[dict[str, Any]]) -> None:
    """The newest reading of the first sensor makes no sense: the published one stays."""
    answer[0]["daily"]["temperature_2m_max"][-2] = 4_000.0


def warmer(answer: list[dict[str, Any]]) -> None:
    answer[0]["daily"]["temperature_2m_max"][-1] = 44.0


def forgotten(answer: list[dict[str, Any]]) -> None:
    """Nothing that was measured is known any more, which an audit refuses."""
    for place in answer:
        place["daily"]["temperature_2m_max"] = [None for _ in place["daily"]["time"]]


@dataclass(frozen=True)
class History:
    """A warehouse that will be lost, and what was in its lake."""

    dsn: str
    lake: Path


@pytest.fixture(scope="module")
def history(make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """A first run, corrections, a reading that is refused, and days read several times, all from one API."""
    place = tmp_path_factory.mktemp("history") / "lake"
    changes: list[Change] = []
    with (
        make_database() as dsn,
        Warehouse(dsn, role="etl_loader") as session,
        simulator(change=lambda answer: changes[-1](answer)) as url,
        pipeline_on(url, Lake(str(place))) as (pipeline, client),
    ):
        for today, change in ((0, as_it_is), (1, warmer), (3, unreadable), (4, as_it_is)):
            changes.append(change)
            days = ledger.next_interval(session, pipeline.source, "warehouse", TODAY + today * DAY)
            pipeline.run(client, session, days)
        yield History(dsn, place)


@pytest.fixture
def copied(history: History, lake: Lake) -> Lake:
    """A copy of its lake, to do with as one likes."""
    shutil.copytree(history.lake, lake.full_path(""))
    return lake


@contextmanager
def empty(make_database: MakeDatabase) -> Iterator[tuple[Warehouse, str]]:
    """A new warehouse, after the old one was lost."""
    with make_database() as dsn, Warehouse(dsn, role="etl_loader") as session:
        yield session, dsn


def test_bronze_alone_makes_the_warehouse_again_as_it_was(
    history: History, copied: Lake, make_database: MakeDatabase
) -> None:
    for layer in ("silver", "gold", "quarantine"):
        copied.delete_folder(layer)
    before = contents(history.dsn)
    assert before["quarantine"], "nothing was refused: the history is too simple"
    with empty(make_database) as (new, dsn):
        assert remade(new, copied) == []
        assert contents(dsn) == before


def test_where_bronze_has_expired_and_silver_was_compacted_silver_makes_it_again(
    history: History, copied: Lake, make_database: MakeDatabase
) -> None:
    source = source_at(NOWHERE)
    compaction.apply(compaction.make_plan(copied, source), copied, lambda *_: None)
    later = datetime.now(UTC) + timedelta(days=3)
    expiry.apply(
        expiry.make_plan(inventory.list_extractions(copied, [source]), DAY / 24, later, LAYERS), copied, lambda _: None
    )
    before = {name: rows for name, rows in contents(history.dsn).items() if name in TABLES}
    with empty(make_database) as (new, dsn):
        plan = rebuild.make_plan(Pipeline(source, copied, 0.05, LocalEngine()), new, "warehouse")
        assert [each.in_bronze for each in plan.extractions] == [False]
        assert remade(new, copied) == []
        assert {name: rows for name, rows in contents(dsn).items() if name in TABLES} == before


@pytest.mark.thorough
def test_one_that_was_interrupted_publishes_the_rest(
    history: History, copied: Lake, make_database: MakeDatabase
) -> None:
    def lose_the_disk() -> None:
        raise LakeUnavailableError("The disk is gone.", hint="Plug it in.")

    before = contents(history.dsn)
    with empty(make_database) as (new, dsn):
        pipeline = Pipeline(source_at(NOWHERE), copied, 0.05, LocalEngine())
        plan = rebuild.make_plan(pipeline, new, "warehouse")
        into_it = into("warehouse", pipeline, new)
        seen: list[Any] = []

        def second(*published: Any) -> None:
            seen.append(published)
            if len(seen) == 2:
                lose_the_disk()

        with pytest.raises(LakeUnavailableError):
            rebuild.execute(plan, pipeline, new, into_it, second, lambda _: None)
        rest = rebuild.make_plan(pipeline, new, "warehouse")
        assert (len(plan.extractions), len(rest.extractions), rest.published) == (4, 2, 2)
        assert remade(new, copied) == []
        assert contents(dsn) == before
        assert rebuild.make_plan(pipeline, new, "warehouse").extractions == ()


def test_a_refused_extraction_is_left_out_and_missed_only_if_no_later_one_has_its_days(
    warehouse: Warehouse, database: str, lake: Lake, make_database: MakeDatabase
) -> None:
    test_sensors.run(warehouse, lake)
    with pytest.raises(AuditError):
        test_sensors.run(warehouse, lake, TODAY + DAY, change=forgotten)
    with empty(make_database) as (new, _):
        assert [type(each.error) for each in remade(new, lake)] == [AuditError]
    test_sensors.run(warehouse, lake, TODAY + DAY)
    with empty(make_database) as (new, dsn):
        assert remade(new, lake) == []
        assert contents(dsn) == contents(database)


def test_the_tables_of_the_lake_are_made_again_from_its_bronze(
    warehouse: Warehouse, lake: Lake, make_database: MakeDatabase
) -> None:
    for today in (TODAY, TODAY + DAY):
        test_sensors.run(warehouse, lake, today, destination="lake")
    before = content(warehouse, lake, source_at(NOWHERE))
    for layer in ("silver", "tables", "quarantine"):
        lake.delete_folder(layer)
    with empty(make_database) as (new, _):
        assert remade(new, lake, "lake") == []
        assert content(new, lake, source_at(NOWHERE)) == before


@pytest.mark.thorough
def test_a_source_with_a_whole_state_is_made_again_with_all_its_facts(
    database: str, lake: Lake, make_database: MakeDatabase
) -> None:
    states.run(database, lake)
    states.run(database, lake, states.changed())
    with empty(make_database) as (new, dsn):
        assert remade(new, lake, pipeline=Pipeline(spacex_at(NOWHERE), lake, 0.05, LocalEngine())) == []
        assert states.state(dsn) == states.state(database)
