"""SIGKILL at every step of a run and at every boundary of a statement; then a rerun ends as if nothing had happened.

Each point is a real process that gets a real SIGKILL. By default one point of each kind is tried in each of two
scenarios, the first of its kind in one and the last in the other: every statement, every file, the commit. Of the steps
before publishing, to which it matters little what is published, each scenario tries every other kind.
`make test-all` tries all points in both.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.pipeline.selection import transformed_extraction
from etl.postgres.connection import Warehouse
from etl.simulate import server
from etl.sources.spacex import simulator as spacex
from etl.sources.spacex.snapshot import load
from tests.conftest import IS_THOROUGH, MakeDatabase, client_of, spacex_at
from tests.reliability.victims import Job, Victims
from tests.waiting import eventually
from tests.warehouse.states import State, changed, rows, state, value

CHUNKS = 6
SCENARIOS = {"the first publish": "first", "a publish of changes": "last"}  # by name, which point of a kind is tried


@dataclass(frozen=True)
class Scenario:
    """A warehouse before and after a run, the API it reads, its silver in a lake, and all points of such a run."""

    before: str
    old: State
    new: State
    url: str
    lake: Path
    extraction_id: str
    which: str
    run_points: list[str]
    publish_points: list[str]

    def tried(self, points: list[str]) -> list[int]:
        """The numbers of the points at which a run is killed."""
        numbers = range(1, len(points) + 1)
        if IS_THOROUGH:
            return list(numbers)
        in_order = numbers if self.which == "last" else reversed(numbers)
        return sorted({kind(points[number - 1]): number for number in in_order}.values())

    def shared(self, points: list[str]) -> list[int]:
        """The same, of which the other scenario tries the other half of the kinds."""
        if IS_THOROUGH:
            return self.tried(points)
        kinds = sorted(set(map(kind, points)))[self.which == "last" :: 2]
        return [number for number in self.tried(points) if kind(points[number - 1]) in kinds]


def kind(point: str) -> str:
    """What a point has in common with those of other tables, pages and days."""
    return re.sub(r"\d+", "N", re.sub(r"/\S+/", "/…/", point))


@pytest.fixture(scope="module", params=SCENARIOS)
def scenario(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    victims: Victims,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scenario]:
    place = tmp_path_factory.mktemp("scenario")
    with ExitStack() as stack:
        before = stack.enter_context(make_database())
        if request.param == "a publish of changes":
            old_url = stack.enter_context(server.serve(spacex.make_app())).url
            _run(old_url, place / "old lake", before)
        facts = changed() if request.param == "a publish of changes" else load()
        url = stack.enter_context(server.serve(spacex.make_app(snapshot=facts))).url
        after = stack.enter_context(make_database(like=before))
        run_points = victims.points(Job(after, str(place / "lake"), url))
        extraction_id = transformed_extraction(Lake(str(place / "lake")), spacex_at(url), None, None).extraction_id
        with make_database(like=before) as counting:
            publish_points = victims.points(Job(counting, str(place / "lake"), extraction_id=extraction_id))
        yield Scenario(
            before,
            state(before),
            state(after),
            url,
            place / "lake",
            extraction_id,
            SCENARIOS[request.param],
            run_points,
            publish_points,
        )


def test_the_scenario_changes_what_is_published_and_has_enough_points(scenario: Scenario) -> None:
    assert scenario.old != scenario.new
    boundaries = [point for point in scenario.publish_points if point != "amid copy"]
    assert len(boundaries) >= 100
    assert len(set(map(kind, boundaries))) >= 20
    assert scenario.publish_points[-2:] == ["before commit", "after commit"]
    assert sum(point.startswith("before writing") for point in scenario.run_points) >= 35


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_killed_at_any_boundary_of_publishing_the_rerun_ends_equal(
    scenario: Scenario, make_database: MakeDatabase, victims: Victims, chunk: int
) -> None:
    for number in scenario.shared(scenario.publish_points)[chunk::CHUNKS]:
        point = f"point {number}: {scenario.publish_points[number - 1]}"
        with make_database(like=scenario.before) as dsn:
            death = victims.run(Job(dsn, str(scenario.lake), extraction_id=scenario.extraction_id, dies_at=number))
            assert death.signal == signal.SIGKILL, f"{point}: {death}"
            seen = state(dsn)
            assert seen == (scenario.new if "after commit" in point else scenario.old), point
            _publish(scenario, dsn)
            assert state(dsn) == scenario.new, point
            _assert_ledger_is_settled(dsn, point)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_killed_at_any_step_before_publishing_the_rerun_ends_equal(
    scenario: Scenario, make_database: MakeDatabase, victims: Victims, tmp_path: Path, chunk: int
) -> None:
    ends = next(i for i, point in enumerate(scenario.run_points) if "pg_try_advisory_xact_lock" in point)
    for number in scenario.shared(scenario.run_points[:ends])[chunk::CHUNKS]:
        point = f"point {number}: {scenario.run_points[number - 1]}"
        lake = tmp_path / f"lake {number}"
        with make_database(like=scenario.before) as dsn:
            death = victims.run(Job(dsn, str(lake), scenario.url, dies_at=number))
            assert death.signal == signal.SIGKILL, f"{point}: {death}"
            assert state(dsn) == scenario.old, point
            _run(scenario.url, lake, dsn)
            assert state(dsn) == scenario.new, point
            _assert_ledger_is_settled(dsn, point)


def test_a_run_that_is_killed_again_and_again_gets_there_all_the_same(
    scenario: Scenario, make_database: MakeDatabase, victims: Victims, tmp_path: Path
) -> None:
    with make_database(like=scenario.before) as dsn:
        for number in range(7, len(scenario.run_points), 31):
            death = victims.run(Job(dsn, str(tmp_path / "lake"), scenario.url, dies_at=number))
            assert death.signal == signal.SIGKILL
            assert state(dsn) == scenario.old
        _run(scenario.url, tmp_path / "lake", dsn)
        assert state(dsn) == scenario.new
        _assert_ledger_is_settled(dsn, "after many kills")


def test_a_run_killed_between_two_pages_resumes_with_the_next_one(
    make_database: MakeDatabase, victims: Victims, tmp_path: Path
) -> None:
    asked = []
    app = spacex.make_app()

    def counting(environ, start_response):  # type: ignore[no-untyped-def]
        asked.append(environ["PATH_INFO"])
        return app(environ, start_response)

    with server.serve(counting) as simulator, make_database() as dsn:
        job = Job(dsn, str(tmp_path / "lake"), simulator.url)
        pages = [i for i, point in enumerate(victims.points(job), 1) if "page-00003" in point]
        asked.clear()
        dead = Job(dsn, str(tmp_path / "other lake"), simulator.url, dies_at=pages[0])
        assert victims.run(dead).signal == signal.SIGKILL
        assert asked.count("/v5/launches/query") == 1 + 3  # the check, and three pages of which two were kept
        asked.clear()
        _run(simulator.url, tmp_path / "other lake", dsn)
        assert asked.count("/v5/launches/query") <= 1 + 2
        assert len(list((tmp_path / "other lake" / "bronze" / "spacex_launches").rglob("manifest.json"))) == 1


def _run(url: str, lake: Path, dsn: str) -> None:
    with Warehouse(dsn, role="etl_loader", lock_timeout_s=10) as warehouse, client_of(url) as client:
        Pipeline(spacex_at(url), Lake(str(lake)), 0.05, LocalEngine()).run(client, warehouse, None)


def _publish(scenario: Scenario, dsn: str) -> None:
    lake, source = Lake(str(scenario.lake)), spacex_at(scenario.url)
    with Warehouse(dsn, role="etl_loader", lock_timeout_s=10) as warehouse:
        Pipeline(source, lake, 0.05, LocalEngine()).publish(
            warehouse, transformed_extraction(lake, source, None, scenario.extraction_id)
        )


def _assert_ledger_is_settled(dsn: str, point: str) -> None:
    """No run counts as running once Postgres has noticed that the killed process is gone."""
    sessions = "select count(*) from pg_stat_activity where application_name = 'etl' and datname = current_database()"
    eventually(lambda: not value(dsn, sessions))
    with Warehouse(dsn, role="etl_loader") as warehouse:
        warehouse.run("ledger/abandon_dead_runs")
    statuses = [status for (status,) in rows(dsn, "select status from ops.run order by started_at")]
    assert set(statuses) <= {"published", "unchanged", "abandoned"}, (point, statuses)
    assert statuses[-1] in ("published", "unchanged"), (point, statuses)
