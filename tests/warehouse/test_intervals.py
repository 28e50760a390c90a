"""Runs for intervals replace what they are about and leave the rest; backfills add up to one whole run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from etl import destinations
from etl.core.api import Answer
from etl.core.errors import AuditError, SourceUnavailableError
from etl.core.intervals import DataInterval, today
from etl.core.outcomes import Published
from etl.destinations.lake.publication import LakeDestination
from etl.destinations.postgres.publication import PostgresDestination
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline import backfill
from etl.pipeline.backfill import Every, Plan, PlannedInterval
from etl.pipeline.pipeline import Pipeline
from etl.pipeline.steps import Target, names
from etl.postgres.connection import Warehouse
from etl.simulate import server
from etl.sources.http.client import HttpClient
from etl.sources.spacex import simulator as spacex
from tests import lakes
from tests.conftest import client_of, spacex_at
from tests.warehouse.states import SOURCE, Snapshot, day, launch, only, published, rows, run, snapshot, value

JANUARY = ("2022-01-01", "2022-02-01")
FEBRUARY = ("2022-02-01", "2022-03-01")
HALF_YEAR = DataInterval(day("2022-01-01"), day("2022-06-01"))
MONTH = Every.parse("1month")


@pytest.fixture
def facts() -> Snapshot:
    """The launches of five months, and everything they refer to."""
    return only(snapshot(), "2022-01-01", "2022-06-01")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_the_same_interval_again_finds_nothing_new(database: str, lake: Lake, facts: Snapshot) -> None:
    assert run(database, lake, facts, JANUARY).published.status == "published"
    before = published(database)
    assert run(database, lake, facts, JANUARY).published.status == "unchanged"
    assert published(database) == before


def test_what_an_interval_holds_is_read_again_and_other_days_are_carried_over(
    database: str, lake: Lake, facts: Snapshot
) -> None:
    run(database, lake, facts)
    count = len(published(database)["silver.spacex_launches"])
    for known in facts["launches"]:
        known["name"] = f"{known['name']} (new)"
    facts["launches"].append(launch("added", "2022-01-20", cores=["5e9e28a7f3591817f23b2663"]))
    run(database, lake, facts, JANUARY)
    renamed = rows(database, "select distinct launched_date from silver.spacex_launches where name like '%(new)'")
    assert all(date(2022, 1, 1) <= found < date(2022, 2, 1) for (found,) in renamed)
    assert len(renamed) >= 4
    assert len(published(database)["silver.spacex_launches"]) == count + 1
    assert _days_of_launch(database, "added") == (["2022-01-20"], ["2022-01-20"])


def test_the_end_of_an_interval_belongs_to_the_next_one(database: str, lake: Lake, facts: Snapshot) -> None:
    facts["launches"] = [
        launch("first instant", "2022-01-01") | {"date_utc": "2022-01-01T00:00:00.000Z"},
        launch("last instant", "2022-01-31") | {"date_utc": "2022-01-31T23:59:59.999Z"},
        launch("next", "2022-02-01") | {"date_utc": "2022-02-01T00:00:00.000Z"},
    ]
    run(database, lake, facts, JANUARY)
    assert _launches(database) == ["first instant", "last instant"]
    run(database, lake, facts, FEBRUARY)
    assert _launches(database) == ["first instant", "last instant", "next"]


def test_a_launch_with_fewer_cores_than_before_loses_the_slots(database: str, lake: Lake, facts: Snapshot) -> None:
    cores = [slot["core"] for known in facts["launches"] for slot in known["cores"]][:3]
    facts["launches"].append(launch("heavy", "2022-01-10", cores=cores))
    run(database, lake, facts)
    facts["launches"][-1]["cores"].pop()
    run(database, lake, facts, JANUARY)
    assert _days_of_launch(database, "heavy") == (["2022-01-10"], ["2022-01-10"] * 2)


def test_a_launch_that_moved_into_an_interval_leaves_its_old_day(database: str, lake: Lake, facts: Snapshot) -> None:
    core = facts["launches"][0]["cores"][0]["core"]
    facts["launches"].append(launch("moving", "2022-01-10", cores=[core, None]))
    run(database, lake, facts)
    facts["launches"][-1]["date_utc"] = "2022-02-10T12:00:00.000Z"
    run(database, lake, facts, FEBRUARY)
    assert _days_of_launch(database, "moving") == (["2022-02-10"], ["2022-02-10"] * 2)
    assert value(database, "select count(*) from gold.core_reuses where launched_at::date = '2022-01-10'") == 0
    assert run(database, lake, facts, JANUARY).published.status == "unchanged"
    assert run(database, lake, facts).published.status == "unchanged"


def test_a_launch_that_moved_out_stays_as_it_was_until_its_new_day_is_read(
    database: str, lake: Lake, facts: Snapshot
) -> None:
    facts["launches"].append(launch("moving", "2022-01-10"))
    run(database, lake, facts)
    before = published(database)
    facts["launches"][-1]["date_utc"] = "2022-02-10T12:00:00.000Z"
    assert run(database, lake, facts, JANUARY).published.status == "unchanged"
    assert published(database) == before
    run(database, lake, facts, FEBRUARY)
    assert _days_of_launch(database, "moving") == (["2022-02-10"], [])
    assert run(database, lake, facts, JANUARY).published.status == "unchanged"


def test_a_launch_that_moved_and_lost_its_cores_keeps_none_of_them(database: str, lake: Lake, facts: Snapshot) -> None:
    core = facts["launches"][0]["cores"][0]["core"]
    facts["launches"].append(launch("moving", "2022-01-10", cores=[core]))
    run(database, lake, facts)
    facts["launches"][-1] |= {"date_utc": "2022-02-10T12:00:00.000Z", "cores": []}
    run(database, lake, facts, FEBRUARY)
    assert _days_of_launch(database, "moving") == (["2022-02-10"], [])


def test_launches_without_a_date_outlive_runs_for_intervals(database: str, lake: Lake, facts: Snapshot) -> None:
    core = facts["launches"][0]["cores"][0]["core"]
    facts["launches"].append(launch("some day", None, cores=[core], upcoming=True))
    run(database, lake, facts)
    assert run(database, lake, facts, JANUARY).published.status == "unchanged"
    assert "some day" in _launches(database)


@pytest.mark.parametrize("parallel", [pytest.param(1, marks=pytest.mark.thorough), 3])
def test_a_backfill_month_by_month_equals_one_whole_run(
    new_database: Any, tmp_path: Path, facts: Snapshot, parallel: int
) -> None:
    whole, by_month = new_database(), new_database()
    run(whole, Lake(str(tmp_path / "whole")), facts)
    plan, told = _backfill(by_month, Lake(str(tmp_path / "by month")), facts, parallel=parallel)
    assert [planned.state for planned in plan.intervals] == ["to do"] * 5
    assert [(planned.interval.start.month, done.status) for planned, done in told] == [
        (month, "published") for month in range(1, 6)
    ]
    assert published(by_month) == published(whole)


@pytest.mark.thorough
def test_a_backfill_of_all_years_equals_one_whole_run(new_database: Any, tmp_path: Path) -> None:
    whole, by_years = new_database(), new_database()
    lake = Lake(str(tmp_path / "by years"))
    run(whole, Lake(str(tmp_path / "whole")))
    interval = DataInterval(day("2006-01-01"), day("2023-01-01"))
    _backfill(by_years, lake, snapshot(), interval=interval, every=Every.parse("4year"), parallel=2)
    assert published(by_years) == published(whole)


@pytest.mark.parametrize("into", ["warehouse", pytest.param("lake", marks=pytest.mark.thorough), "both"])
def test_a_backfill_that_stopped_resumes_where_it_stopped(
    new_database: Any, tmp_path: Path, facts: Snapshot, into: str
) -> None:
    names = destinations.named(into)
    whole, dsn, lake = new_database(), new_database(), Lake(str(tmp_path / "lake"))
    whole_lake = Lake(str(tmp_path / "whole"))
    _backfill(whole, whole_lake, facts, every=Every.parse("1year"), into=into)
    with pytest.raises(SourceUnavailableError, match="not on 2022-03-01"):
        _backfill(dsn, lake, facts, breaks_on="2022-03-01", into=into)
    for name in names:
        query = "select interval_start, status from ops.run where destination = %s order by started_at"
        done = rows(dsn, query, [name])
        assert done == [(day(start), "published") for start in ("2022-01-01", "2022-02-01")]
    asked: list[str] = []
    plan, told = _backfill(dsn, lake, facts, asked=asked, into=into)
    assert [planned.state for planned in plan.intervals][:3] == ["published", "published", "to do"]
    for name in names:
        assert [planned.interval.start.month for planned, done in told if done.destination == name] == [3, 4, 5]
    assert "2022-01-01" not in asked
    assert _content(dsn, lake, into) == _content(whole, whole_lake, into)
    plan, told = _backfill(dsn, lake, facts, into=into)
    assert (plan.pending, told) == ((), [])


def test_what_one_of_two_destinations_lacks_is_published_there_without_asking_the_api(
    new_database: Any, tmp_path: Path, facts: Snapshot
) -> None:
    whole, dsn, lake = new_database(), new_database(), Lake(str(tmp_path / "lake"))
    whole_lake = Lake(str(tmp_path / "whole"))
    _backfill(whole, whole_lake, facts, every=Every.parse("1year"), into="both")
    _backfill(dsn, lake, facts)
    first = DataInterval(HALF_YEAR.start, day("2022-02-01"))
    _backfill(dsn, lake, facts, interval=first, into="lake")
    asked: list[str] = []
    plan, told = _backfill(dsn, lake, facts, asked=asked, into="both")
    assert [planned.state for planned in plan.intervals] == ["published"] + ["transformed"] * 4
    assert {step.into for planned in plan.intervals for step in planned.publishing} == {"lake"}
    assert [done.destination for _, done in told] == ["lake"] * 4
    assert asked == []
    assert _content(dsn, lake, "both") == _content(whole, whole_lake, "both")


def test_the_plan_says_which_steps_are_left_for_each_interval(database: str, lake: Lake, facts: Snapshot) -> None:
    with server.serve(spacex.make_app(snapshot=facts)) as simulator, client_of(simulator.url) as client:
        source = spacex_at(simulator.url)
        pipeline = Pipeline(source, lake, 0.05, LocalEngine())
        intervals = [DataInterval(date(2022, month, 1), date(2022, month + 1, 1)) for month in (1, 2, 3)]
        with Warehouse(database, role="etl_loader") as warehouse:
            pipeline.run(client, warehouse, intervals[0])
            pipeline.transform(pipeline.extract(client, intervals[1]))
            pipeline.extract(client, intervals[2])
            targets = [Target(PostgresDestination(warehouse), warehouse)]
            plan = backfill.make_plan(pipeline, targets, HALF_YEAR, MONTH)
            again = backfill.make_plan(pipeline, targets, HALF_YEAR, MONTH, again=True)
    assert [(planned.state, names(planned.steps)[:1]) for planned in plan.intervals] == [
        ("published", []),
        ("transformed", ["stage"]),
        ("extracted", ["transform"]),
        ("to do", ["extract"]),
        ("to do", ["extract"]),
    ]
    assert len(plan.pending) == 4
    assert len(again.pending) == 5


@pytest.mark.thorough
def test_a_backfill_done_again_reads_everything_again_and_changes_nothing(
    database: str, lake: Lake, facts: Snapshot
) -> None:
    _backfill(database, lake, facts)
    before, asked = published(database), list[str]()
    _, told = _backfill(database, lake, facts, again=True, asked=asked)
    assert {done.status for _, done in told} == {"unchanged"}
    assert {"2022-01-01", "2022-05-01"} <= set(asked)
    assert published(database) == before


def test_the_watermark_is_the_end_of_the_latest_interval_and_never_moves_back(
    database: str, lake: Lake, facts: Snapshot
) -> None:
    run(database, lake, facts, FEBRUARY)
    assert _watermarks(database) == {(day("2022-02-28"), day("2022-03-01"))}
    run(database, lake, facts, JANUARY)
    assert _watermarks(database) == {(day("2022-02-28"), day("2022-03-01"))}
    run(database, lake, facts, ("2022-03-01", "2022-03-05"))
    assert _watermarks(database) == {(day("2022-03-04"), day("2022-03-05"))}
    run(database, lake, facts)
    end = today()
    assert _watermarks(database) == {(end - timedelta(days=1), end)}


def test_an_interval_that_ends_in_the_future_moves_the_watermark_to_today_only(
    database: str, lake: Lake, facts: Snapshot
) -> None:
    end = today()
    run(database, lake, facts, ("2022-01-01", f"{end.year + 5}-01-01"))
    assert _watermarks(database) == {(end - timedelta(days=1), end)}


def test_an_interval_that_lies_in_the_future_does_not_move_the_watermark(
    database: str, lake: Lake, facts: Snapshot
) -> None:
    run(database, lake, facts, JANUARY)
    year = today().year + 5
    facts["launches"].append(launch("far away", f"{year}-01-10", upcoming=True))
    run(database, lake, facts, (f"{year}-01-01", f"{year}-02-01"))
    assert "far away" in _launches(database)
    assert _watermarks(database) == {(day("2022-01-31"), day("2022-02-01"))}


def test_a_failed_run_moves_no_watermark(database: str, lake: Lake, facts: Snapshot) -> None:
    run(database, lake, facts, JANUARY)
    facts["launches"].append(launch("no date", None))
    facts["cores"] = facts["cores"][:10]
    with pytest.raises(AuditError):
        run(database, lake, facts, FEBRUARY)
    assert _watermarks(database) == {(day("2022-01-31"), day("2022-02-01"))}


class _Watched:
    """The real client, which notes from which day launches are asked, and fails for one of them."""

    def __init__(self, client: HttpClient, asked: list[str], breaks_on: str | None) -> None:
        self._client = client
        self._asked = asked
        self._breaks_on = breaks_on

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        return self._client.get(path, params)

    def post(self, path: str, document: Mapping[str, Any]) -> Answer:
        start = document["query"].get("date_utc", {}).get("$gte", "")[:10]
        self._asked.append(start)
        if start == self._breaks_on:
            raise SourceUnavailableError(f"not on {start}", hint="later")
        return self._client.post(path, document)


def _backfill(
    dsn: str,
    lake: Lake,
    facts: Snapshot,
    *,
    interval: DataInterval = HALF_YEAR,
    every: Every = MONTH,
    parallel: int = 1,
    again: bool = False,
    breaks_on: str | None = None,
    asked: list[str] | None = None,
    into: str = "warehouse",
) -> tuple[Plan, list[tuple[PlannedInterval, Published]]]:
    told: list[tuple[PlannedInterval, Published]] = []

    def on_published(planned: PlannedInterval, done: Published) -> None:
        told.append((planned, done))

    with server.serve(spacex.make_app(snapshot=facts)) as simulator, client_of(simulator.url) as client:
        source = spacex_at(simulator.url)
        watched = _Watched(client, [] if asked is None else asked, breaks_on)
        known = {
            "warehouse": PostgresDestination,
            "lake": lambda session: LakeDestination(session, lake, LocalEngine()),
        }
        with ExitStack() as stack:
            pipeline = Pipeline(source, lake, 0.05, LocalEngine())
            targets = []
            for name in destinations.named(into):
                session = stack.enter_context(Warehouse(dsn, role="etl_loader", lock_timeout_s=10))
                targets.append(Target(known[name](session), session))
            plan = backfill.make_plan(pipeline, targets, interval, every, again=again)
            backfill.execute(plan, pipeline, watched, targets, parallel, on_published)
    return plan, told


def _content(dsn: str, lake: Lake, into: str) -> list[Any]:
    """What readers of the destinations see."""
    with Warehouse(dsn, role="analyst") as warehouse:
        seen = {"warehouse": lambda: published(dsn), "lake": lambda: lakes.content(warehouse, lake, SOURCE)}
        return [seen[name]() for name in destinations.named(into)]


def _launches(dsn: str) -> list[str]:
    return [launch_id for (launch_id,) in rows(dsn, "select launch_id from silver.spacex_launches order by 1")]


def _days_of_launch(dsn: str, launch_id: str) -> tuple[list[str], list[str]]:
    """The days on which silver has a launch, and its core slots."""
    slots = "silver.spacex_launch_cores as slots inner join silver.spacex_launches as launches using (launch_id)"
    found = []
    for tables in ("silver.spacex_launches", slots):
        query = f"select launched_date::text from {tables} where launch_id = %s"
        found.append([text for (text,) in rows(dsn, query, [launch_id])])
    return found[0], found[1]


def _watermarks(dsn: str) -> set[tuple[date, date]]:
    return set(rows(dsn, "select last_processed_date, next_start_date from ops.watermark"))
