"""Photos are published by the day on Earth: late ones are added, silence is no fault, and audits guard the rest."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from etl import destinations, sources
from etl.core.errors import AuditError, SourceContractError
from etl.core.ids import new_id
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Source
from etl.engines.local import LocalEngine
from etl.lake import bronze
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline, Summary
from etl.postgres.connection import Warehouse
from etl.settings import MarsSettings
from etl.simulate import server
from etl.simulate.faults import Faults, parse_fault
from etl.sources.http.client import HttpClient
from etl.sources.mars import simulator as mars
from etl.sources.mars.sols import CURIOSITY, PERSEVERANCE
from etl.sql.statements import statement
from etl.state import ledger
from tests.conftest import HASTY

DAY = timedelta(days=1)
TODAY = date(2026, 6, 11)
WEEK = DataInterval(TODAY - 7 * DAY, TODAY)


def source_at(url: str = "http://nowhere.invalid") -> Source:
    return sources.load("mars", MarsSettings(base_url=url, start=WEEK.start, lookback_days=5))


def pipeline(source: Source, lake: Lake) -> Pipeline:
    return Pipeline(source, lake, 0.05, LocalEngine())


def run(
    warehouse: Warehouse, lake: Lake, *faults: str, today: date = TODAY, interval: DataInterval | None = None
) -> Summary:
    """A run, without dates as of the first hours of that day."""
    now = datetime(today.year, today.month, today.day, 7, tzinfo=UTC)
    app = mars.make_app(Faults([parse_fault(fault) for fault in faults]), clock=now.timestamp)
    with server.serve(app) as api, HttpClient("mars", api.url, HASTY) as client:
        source = source_at(api.url)
        days = interval or ledger.next_interval(warehouse, source, destinations.DEFAULT, today)
        return pipeline(source, lake).run(client, warehouse, days)


def photos(warehouse: Warehouse) -> dict[str, Any]:
    rows = warehouse.execute("select photo_id, taken_at from silver.mars_photos")
    return {row["photo_id"]: row["taken_at"] for row in rows}


def expected(days: DataInterval, now: datetime) -> set[str]:
    """The photos that the simulator has of these days by now."""
    found = set()
    for rover in (CURIOSITY, PERSEVERANCE):
        for sol in range(rover.sol(now) - 20, rover.sol(now) + 2):
            for n in range(mars.photos_of(rover, sol)):
                taken = mars.taken_at(rover, sol, n)
                if days.start <= taken.date() < days.end and mars.arrived_at(rover, sol, n) <= now:
                    feed = mars.curiosity_photo if rover == CURIOSITY else mars.perseverance_photo
                    record = feed(sol, n)
                    found.add(f"{rover.mission}:{record['imageid' if rover == PERSEVERANCE else 'id']}")
    return found


def test_a_run_publishes_the_photos_of_its_days_a_second_one_nothing_and_a_later_one_those_that_came_late(
    warehouse: Warehouse, lake: Lake
) -> None:
    first = run(warehouse, lake)
    assert first.interval == WEEK
    now = datetime(2026, 6, 11, 7, tzinfo=UTC)
    assert set(photos(warehouse)) == expected(WEEK, now)
    second = run(warehouse, lake)
    assert second.interval == DataInterval(TODAY - 5 * DAY, TODAY)
    assert second.published.status == "unchanged"
    run(warehouse, lake, today=TODAY + DAY)
    again = DataInterval(TODAY - 5 * DAY, TODAY + DAY)
    of_the_days = {photo for photo, taken in photos(warehouse).items() if again.start <= taken.date() < again.end}
    assert of_the_days == expected(again, now + DAY)
    assert expected(DataInterval(again.start, TODAY), now + DAY) > expected(DataInterval(again.start, TODAY), now)


def test_activity_counts_the_photos_of_a_day_by_rover_and_family_and_thumbnails_apart(
    warehouse: Warehouse, lake: Lake
) -> None:
    run(warehouse, lake)
    [counted] = warehouse.execute(
        "select sum(photos)::int as photos, sum(thumbnails)::int as thumbnails, count(distinct rover) as rovers,"
        " count(distinct taken_date) as days from gold.mars_activity"
    )
    [silver] = warehouse.execute(
        "select count(*) filter (where not is_thumbnail) as photos, count(*) filter (where is_thumbnail) as thumbnails,"
        " count(distinct rover) as rovers, count(distinct taken_date) as days from silver.mars_photos"
    )
    assert counted == silver
    assert min(counted["photos"], counted["thumbnails"]) > 100


@pytest.mark.thorough
def test_a_conjunction_is_no_fault_and_a_question_shows_it(warehouse: Warehouse, lake: Lake) -> None:
    conjunction = DataInterval(date(2023, 11, 9), date(2023, 11, 28))
    run(warehouse, lake, interval=conjunction)
    gaps = warehouse.execute(statement("questions/mars/mars_quiet_days"))
    longest = {gap["rover"]: gap for gap in reversed(gaps)}
    assert set(longest) == {"curiosity", "perseverance"}
    assert all(13 <= gap["sols_without"] <= 17 for gap in longest.values())
    silent = DataInterval(date(2023, 11, 16), date(2023, 11, 20))
    assert run(warehouse, lake, interval=silent).published.status == "unchanged"


@pytest.mark.parametrize("fault", ["ignored_query*@/rss", "repeat_page*@/api", "duplicate*@/api"])
def test_an_invalid_answer_is_not_published(warehouse: Warehouse, lake: Lake, fault: str) -> None:
    with pytest.raises(SourceContractError):
        run(warehouse, lake, fault)
    assert photos(warehouse) == {}


# Pages that are in bronze already


def kept(warehouse: Warehouse, lake: Lake, interval: DataInterval, document: Any) -> None:
    """Publish a page as it lies in bronze, whoever put it there and when."""
    source = source_at()
    (endpoint,) = source.endpoints
    extraction = new_id()
    page = Page(1, "http://then", 200, json.dumps(document).encode(), 1, datetime.now(UTC), is_last=True)
    with bronze.writer(lake, endpoint, extraction, source.origin, interval, None) as writer:
        writer.keep(page)
    steps = pipeline(source, lake)
    steps.publish(warehouse, steps.transform(extraction))


def test_pages_of_the_withdrawn_api_are_published_from_bronze(warehouse: Warehouse, lake: Lake) -> None:
    old = {
        "id": 1,
        "sol": 1500,
        "camera": {"name": "FHAZ"},
        "img_src": "http://mars.jpl.nasa.gov/one.JPG",
        "earth_date": "2016-10-25",
        "rover": {"name": "Curiosity"},
    }
    kept(warehouse, lake, DataInterval(date(2016, 10, 25), date(2016, 10, 26)), {"photos": [old]})
    assert photos(warehouse) == {"mars-photos:1": None}


SOL = next(sol for sol in range(4_000, 4_100) if mars.photos_of(CURIOSITY, sol))
TAKEN = mars.taken_at(CURIOSITY, SOL, 0)
NEXT = TAKEN.date() + DAY


@pytest.mark.parametrize(
    ("audit", "fires", "passes"),
    [
        (
            "no_photo_outside_of_the_days",
            {"date_taken": f"{NEXT}T00:00:00Z", "date_received": f"{NEXT}T09:00:00Z"},
            {"date_taken": f"{TAKEN.date()}T23:59:59Z", "date_received": f"{NEXT}T09:00:00Z"},
        ),
        (
            "no_photo_before_it_was_taken",
            {"date_received": f"{TAKEN - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"},
            {"date_received": f"{TAKEN:%Y-%m-%dT%H:%M:%SZ}"},
        ),
        (
            "sol_agrees_with_the_date",
            {"sol": CURIOSITY.sol(TAKEN) + 2},
            {"sol": CURIOSITY.sol(TAKEN) + 1},
        ),
        (
            "sol_agrees_with_the_date",
            {"sol": CURIOSITY.sol(TAKEN) - 2},
            {"sol": CURIOSITY.sol(TAKEN) - 1},
        ),
    ],
)
def test_an_audit_fires_just_beyond_its_boundary(
    warehouse: Warehouse, lake: Lake, audit: str, fires: dict[str, Any], passes: dict[str, Any]
) -> None:
    day = DataInterval(TAKEN.date(), NEXT)
    first, second = mars.curiosity_photo(SOL, 0), mars.curiosity_photo(SOL, 0) | {"id": 1}
    with pytest.raises(AuditError) as told:
        kept(warehouse, lake, day, {"items": [first, second | fires]})
    assert (told.value.audit, told.value.offending_rows) == (audit, 1)
    kept(warehouse, lake, day, {"items": [first, second | passes]})
    assert len(photos(warehouse)) == 2
