"""The simulated feeds have the habits of the real ones: their paging, their silence, their late photos."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug import test as werkzeug

from etl.core.pages import PageContext
from etl.simulate.faults import Faults, parse_fault
from etl.sources.mars import parsers
from etl.sources.mars import simulator as mars
from etl.sources.mars.sols import CURIOSITY, PERSEVERANCE, ROVERS, SOL_S, Rover

NOON = datetime(2026, 9, 30, 12, tzinfo=UTC)
LONG = next(sol for sol in range(4_000, 4_100) if mars.photos_of(CURIOSITY, sol) > mars.MOST_PER_PAGE)


def client(now: datetime = NOON, *faults: str) -> werkzeug.Client:
    return werkzeug.Client(mars.make_app(Faults([parse_fault(fault) for fault in faults]), clock=now.timestamp))


def curiosity(app: werkzeug.Client, sol: int, **asked: Any) -> Any:
    return app.get("/api/v1/raw_image_items/", query_string={"condition_2": f"{sol}:sol:in"} | asked).json


def perseverance(app: werkzeug.Client, **asked: Any) -> Any:
    return app.get("/rss/api/", query_string={"feed": "raw_images"} | asked).json["images"]


def test_curiosity_gives_a_page_says_how_many_there_are_and_whether_there_are_more() -> None:
    app, total = client(), mars.photos_of(CURIOSITY, LONG)
    first, second = (curiosity(app, LONG, per_page=1_000, page=page) for page in (0, 1))
    assert [(len(page["items"]), page["more"], page["total"], page["page"]) for page in (first, second)] == [
        (200, True, total, 0),
        (total - 200, False, total, 1),
    ]
    assert curiosity(app, LONG, page=99)["items"] == []


def test_perseverance_gives_a_sol_whole_and_ignores_paging() -> None:
    app = client()
    whole = perseverance(app, sol=1_900)
    assert len(whole) == mars.photos_of(PERSEVERANCE, 1_900) > 5
    assert perseverance(app, sol=1_900, num=5, page=3) == whole
    assert len(perseverance(app, num=5)) == 5


def test_an_instrument_or_a_day_on_earth_is_not_a_condition() -> None:
    app = client()
    assert curiosity(app, 4_000, instrument="MAHLI", condition_3="2024-01-01:earth_date:in") == curiosity(app, 4_000)


@pytest.mark.parametrize("rover", ROVERS, ids=lambda rover: rover.name)
def test_a_third_of_the_photos_are_thumbnails_and_a_few_arrive_days_late(rover: Rover) -> None:
    of = [(sol, n) for sol in range(1_000, 1_020) for n in range(mars.photos_of(rover, sol))]
    days = [(mars.arrived_at(rover, *one) - mars.taken_at(rover, *one)) / timedelta(days=1) for one in of]
    assert 0 < min(days) < 1
    assert 7 < max(days) < 14
    assert 0.03 < sum(late > 1 for late in days) / len(of) < 0.12


def test_a_late_photo_is_not_there_until_it_has_arrived() -> None:
    sol, n = next(
        (sol, n)
        for sol in range(1_000, 1_100)
        for n in range(mars.photos_of(PERSEVERANCE, sol))
        if mars.arrived_at(PERSEVERANCE, sol, n) - mars.taken_at(PERSEVERANCE, sol, n) > timedelta(days=5)
    )
    arrives, one = mars.arrived_at(PERSEVERANCE, sol, n), mars.perseverance_photo(sol, n)
    assert one not in perseverance(client(arrives - timedelta(seconds=1)), sol=sol)
    assert one in perseverance(client(arrives), sol=sol)


def test_there_are_photos_of_yesterday_and_none_of_tomorrow() -> None:
    app = client()
    for latest in (perseverance(app, num=1)[0], app.get("/api/v1/raw_image_items/").json["items"][0]):
        taken = datetime.fromisoformat(latest.get("date_taken_utc", latest.get("date_taken"))[:19]).replace(tzinfo=UTC)
        assert NOON - timedelta(days=3) < taken < NOON
    assert app.get("/rss/api/?latest=true").json["latest_sol"] == perseverance(app, num=1)[0]["sol"]
    assert app.get("/api/v1/raw_image_items/msl/latest/").json["latest_sol"] > 5_000


@pytest.mark.parametrize("rover", ROVERS, ids=lambda rover: rover.name)
def test_two_weeks_around_a_conjunction_have_no_photo(rover: Rover) -> None:
    middle = rover.sol(datetime(2023, 11, 18, 12, tzinfo=UTC))
    assert [mars.photos_of(rover, middle + n) for n in range(-5, 6)] == [0] * 11
    assert sum(mars.photos_of(rover, middle + n) for n in range(9, 20)) > 100


def test_the_withdrawn_api_is_not_there() -> None:
    assert client().get("/mars-photos/api/v1/rovers/curiosity/photos?sol=1500").status_code == 404


def test_each_photo_is_one_that_our_parser_reads_and_its_sol_agrees_with_its_date() -> None:
    app = client()
    for path in ("/api/v1/raw_image_items/?condition_2=4000:sol:in", "/rss/api/?sol=1900"):
        parsed = parsers.photos(app.get(path).data, PageContext({}, NOON))
        assert (parsed.refused, parsed.unknown_fields) == ((), frozenset())
        for row in parsed.batches["mars_photos"].to_pylist():
            rover = next(rover for rover in ROVERS if rover.name == row["rover"])
            assert row["sol"] in (rover.sol(row["taken_at"]), rover.sol(row["taken_at"]) + 1)
            assert row["arrived_at"] > row["taken_at"]


def test_a_sol_of_the_future_is_empty() -> None:
    sol = CURIOSITY.sol(NOON + timedelta(seconds=9 * SOL_S))
    assert curiosity(client(), sol) == {"items": [], "more": False, "total": 0, "page": 0, "per_page": 50}


# Faults know where the records are


def test_a_page_may_be_repeated_forever() -> None:
    app = client(NOON, "repeat_page*")
    first, again = (curiosity(app, LONG, per_page=200, page=page) for page in (0, 1))
    assert (again["items"], again["more"]) == (first["items"], True)


@pytest.mark.parametrize(("path", "name"), [("/api/v1/raw_image_items/", "items"), ("/rss/api/", "images")])
def test_faults_of_records_reach_the_photos(path: str, name: str) -> None:
    def found(*faults: str) -> list[Any]:
        answer: list[Any] = client(NOON, *faults).get(path).json[name]
        return answer

    whole = found()
    assert found("empty") == []
    assert found("duplicate") == [whole[0], *whole]
    assert found("malformed:sol") == [whole[0] | {"sol": "not a number"}, *whole[1:]]
