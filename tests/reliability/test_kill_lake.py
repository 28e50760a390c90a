"""SIGKILL at every event of publishing into the lake: all of its tables and the ledger are as before, or as after."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from etl.destinations.lake.publication import LakeDestination
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.postgres.connection import Warehouse
from etl.simulate import server
from etl.sources.spacex import simulator as spacex
from tests import lakes
from tests.conftest import MakeDatabase, client_of, spacex_at
from tests.reliability.victims import Job, Victims
from tests.warehouse.states import Snapshot, changed, rows, snapshot

pytestmark = pytest.mark.thorough

CHUNKS = 6
POINTERS = "select table_namespace, table_name, metadata_location from iceberg.iceberg_tables order by 1, 2"
PUBLISHED = "select count(*) from ops.run where status = 'published' and destination = 'lake'"


@dataclass(frozen=True)
class Scenario:
    """A lake with a first state in its tables, an extraction of the next one, and all points of publishing that."""

    lake: Path
    before: str
    old: Any
    new: Any
    extraction_id: str
    points: list[str]

    def job(self, dsn: str, dies_at: int = 0) -> Job:
        return Job(dsn, str(self.lake), extraction_id=self.extraction_id, dies_at=dies_at, into_lake=True)


@pytest.fixture(scope="module")
def scenario(
    make_database: MakeDatabase, victims: Victims, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scenario]:
    place = tmp_path_factory.mktemp("scenario") / "lake"
    with ExitStack() as stack:
        before = stack.enter_context(make_database())
        publish(before, place, transformed(place, snapshot()))
        extraction_id = transformed(place, changed())
        counting = stack.enter_context(make_database(like=before))
        job = Job(counting, str(place), extraction_id=extraction_id, into_lake=True)
        points = victims.points(job)
        yield Scenario(place, before, state(before, place), state(counting, place), extraction_id, points)


def transformed(lake: Path, facts: Snapshot) -> str:
    """The ID of an extraction of these facts."""
    with server.serve(spacex.make_app(snapshot=facts)) as simulator, client_of(simulator.url) as client:
        pipeline = Pipeline(spacex_at(simulator.url), Lake(str(lake)), 0.05, LocalEngine())
        return pipeline.transform(pipeline.extract(client, None)).extraction_id


def publish(dsn: str, place: Path, extraction_id: str) -> None:
    from etl.pipeline.selection import transformed_extraction

    lake, source = Lake(str(place)), spacex_at("http://nowhere.invalid")
    with Warehouse(dsn, role="etl_loader", lock_timeout_s=10) as warehouse:
        pipeline = Pipeline(source, lake, 0.05, LocalEngine())
        found = transformed_extraction(lake, source, None, extraction_id)
        pipeline.publish(warehouse, found, LakeDestination(warehouse, lake, LocalEngine()))


def state(dsn: str, place: Path) -> Any:
    """What readers of the tables see, and how many runs the ledger calls published."""
    with Warehouse(dsn, role="analyst") as warehouse:
        return lakes.content(warehouse, Lake(str(place)), spacex_at("http://nowhere.invalid")), rows(dsn, PUBLISHED)


def test_the_scenario_changes_the_tables_and_has_enough_points(scenario: Scenario) -> None:
    (old, _), (new, _) = scenario.old, scenario.new
    assert old != new
    assert old.keys() == new.keys()
    assert len(old) == 10
    assert len(scenario.points) > 150
    assert scenario.points[-2:] == ["before commit", "after commit"]
    for layer in ("data", "metadata"):
        assert any(f"/{layer}/" in point for point in scenario.points)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_killed_at_any_event_silver_gold_and_ledger_are_all_before_or_all_after_and_a_rerun_ends_equal(
    scenario: Scenario, make_database: MakeDatabase, victims: Victims, chunk: int
) -> None:
    for number in range(1, len(scenario.points) + 1)[chunk::CHUNKS]:
        point = f"point {number}: {scenario.points[number - 1]}"
        with make_database(like=scenario.before) as dsn:
            pointers = rows(dsn, POINTERS)
            assert victims.run(scenario.job(dsn, number)).signal == signal.SIGKILL, point
            is_after = "after commit" in point
            assert (rows(dsn, POINTERS) == pointers) is not is_after, point
            assert state(dsn, scenario.lake) == (scenario.new if is_after else scenario.old), point
            publish(dsn, scenario.lake, scenario.extraction_id)
            assert state(dsn, scenario.lake)[0] == scenario.new[0], point
