"""Sols are asked for so that no day lacks a photo; the answers must be those sols, and all of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.errors import PlatformError, SourceChangedError, SourceContractError, SourceWithdrawnError, UsageError
from etl.core.intervals import DataInterval, today
from etl.core.pages import Page, PageContext
from etl.core.source import Source
from etl.settings import MarsSettings
from etl.simulate import server
from etl.simulate.faults import Faults, parse_fault
from etl.sources.http.client import HttpClient
from etl.sources.mars import make_source, pages
from etl.sources.mars import simulator as mars
from etl.sources.mars.sols import CURIOSITY, FIRST_DAY, PERSEVERANCE, ROVERS, SOL_S, Rover
from tests.conftest import HASTY
from tests.unit.sources.conftest import answering, ok, status

MAY = DataInterval(date(2024, 5, 1), date(2024, 5, 3))
BEFORE_PERSEVERANCE = DataInterval(date(2016, 10, 25), date(2016, 10, 26))
DAY = timedelta(days=1)
SOLS = range(1498, 1502)  # of Curiosity, asked for the day before Perseverance


@contextmanager
def simulated(*faults: str) -> Iterator[str]:
    with server.serve(mars.make_app(Faults([parse_fault(fault) for fault in faults]))) as running:
        yield running.url


def source(url: str = "http://nowhere.invalid", **settings: Any) -> Source:
    return make_source(MarsSettings(base_url=url, **settings))


def read(url: str, interval: DataInterval | None = MAY, first: int = 1, **settings: Any) -> list[Page]:
    with HttpClient("mars", url, HASTY) as client:
        return list(source(url, **settings).endpoints[0].pages(client, interval, first))


def failure(*faults: str) -> PlatformError:
    with simulated(*faults) as url, pytest.raises(PlatformError) as told:
        read(url)
    return told.value


def told_of(*replies: Any) -> PlatformError:
    with answering(*replies) as api, pytest.raises(PlatformError) as told:
        read(api.url, BEFORE_PERSEVERANCE)
    return told.value


def answer(*records: Any, more: Any = False, total: Any = None) -> Any:
    return ok({"items": list(records), "more": more, "total": len(records) if total is None else total})


def photo(n: int = 0, **changed: Any) -> dict[str, Any]:
    return mars.curiosity_photo(SOLS[0], n) | changed


# Sols of days


@pytest.mark.parametrize(
    ("rover", "at", "sol"),
    [
        (CURIOSITY, datetime(2025, 10, 6, 17, 16, 46, tzinfo=UTC), 4681),
        (CURIOSITY, datetime(2016, 10, 25, 12, tzinfo=UTC), 1500),
        (PERSEVERANCE, datetime(2021, 6, 1, 14, 14, 38, tzinfo=UTC), 100),
    ],
)
def test_known_photos_are_among_the_sols_of_their_day(rover: Rover, at: datetime, sol: int) -> None:
    assert rover.sol(at) in (sol - 1, sol)
    assert sol in rover.sols(DataInterval(at.date(), at.date() + DAY), datetime(2026, 1, 1, tzinfo=UTC))


@given(st.sampled_from(ROVERS), st.integers(0, 7000), st.floats(-0.7, 1), st.integers(1, 40))
def test_whenever_in_a_sol_a_photo_is_taken_its_day_asks_for_the_sol(
    rover: Rover, sol: int, of_the_sol: float, days: int
) -> None:
    at = rover.landed_at + timedelta(seconds=(sol + of_the_sol) * SOL_S)
    asked = rover.sols(DataInterval(at.date(), at.date() + days * DAY), datetime(2060, 1, 1, tzinfo=UTC))
    assert sol in asked
    assert len(asked) <= days + 4


def test_no_sol_is_asked_for_before_the_landing_or_after_today() -> None:
    assert list(PERSEVERANCE.sols(BEFORE_PERSEVERANCE, datetime(2026, 1, 1, tzinfo=UTC))) == []
    landing = DataInterval(FIRST_DAY, FIRST_DAY + DAY)
    assert list(CURIOSITY.sols(landing, datetime(2026, 1, 1, tzinfo=UTC))) == [0, 1]
    year = DataInterval(date(2026, 1, 1), date(2027, 1, 1))
    now = datetime(2026, 1, 3, tzinfo=UTC)
    assert CURIOSITY.sols(year, now)[-1] == CURIOSITY.sol(now) + 1


# What is asked


def test_each_sol_is_asked_for_in_the_form_of_its_feed() -> None:
    def reply(request: Any) -> Any:
        return answer() if "condition_1" in request.args else ok({"images": []})

    with answering(reply) as api:
        found = read(api.url)
    asked = [(request.path, dict(request.args)) for request in api.asked]
    sols = CURIOSITY.sols(MAY, datetime.now(UTC))
    assert asked[0] == (
        "/api/v1/raw_image_items/",
        {
            "order": "sol desc",
            "per_page": "200",
            "page": "0",
            "condition_1": "msl:mission",
            "condition_2": f"{sols[0]}:sol:in",
        },
    )
    assert asked[len(sols)] == (
        "/rss/api/",
        {"feed": "raw_images", "category": "mars2020", "feedtype": "json", "sol": "1134"},
    )
    assert [page.number for page in found] == list(range(1, len(asked) + 1))
    assert [page.is_last for page in found] == [False] * (len(found) - 1) + [True]
    assert found[0].about == {"rover": "curiosity", "sol": sols[0], "from": "2024-05-01", "to": "2024-05-03"}
    assert not any("," in request.url for request in api.asked), "whether the feed reads a comma is disputed"


def test_a_sol_that_needs_several_answers_is_one_page_of_all_its_photos() -> None:
    with simulated() as url:
        whole, parts = read(url), read(url, photos_per_request=25)
    assert [page.records for page in parts] == [page.records for page in whole]
    assert any(isinstance(json.loads(page.body), list) for page in parts)
    both = [source().endpoints[0].parse(page.body, _context(page)) for read_so in (whole, parts) for page in read_so]
    half = len(both) // 2
    assert [each.batches["mars_photos"].column("photo_id") for each in both[:half]] == [
        each.batches["mars_photos"].column("photo_id") for each in both[half:]
    ]


def _context(page: Page) -> PageContext:
    return PageContext(page.about, page.received_at)


def test_a_killed_run_goes_on_with_the_sols_it_lacks() -> None:
    with simulated() as url:
        whole, rest = read(url), read(url, first=4)
    assert [page.body for page in rest] == [page.body for page in whole[3:]]


def test_weeks_without_a_photo_are_pages_without_records() -> None:
    conjunction = DataInterval(date(2023, 11, 16), date(2023, 11, 20))
    with simulated() as url:
        assert {page.records for page in read(url, conjunction)} == {0}


def test_the_cost_is_a_request_per_sol() -> None:
    assert pages.cost(BEFORE_PERSEVERANCE).requests == len(SOLS)
    assert source().cost is not None


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        (None, "are read by days"),
        (DataInterval(FIRST_DAY - DAY, FIRST_DAY), "no photo before 2012-08-06"),
        (DataInterval(today(), today() + 2 * DAY), "are over yet"),
    ],
)
def test_days_that_cannot_be_asked_for_are_refused(interval: DataInterval | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read("http://nowhere.invalid", interval)


def test_a_probe_says_how_far_curiosity_is_and_may_find_nothing() -> None:
    with simulated() as url, HttpClient("mars", url, HASTY) as client:
        assert pages.probe(client).startswith("the latest photo is from sol ")
    with answering(answer()) as api, HttpClient("mars", api.url, HASTY) as client:
        assert pages.probe(client) == "no photo"


# What must not be answered


@pytest.mark.parametrize("path", ["/api/v1/raw_image_items", "/rss/api"])
def test_a_feed_that_ignores_the_sol_is_noticed(path: str) -> None:
    told = failure(f"ignored_query*@{path}")
    assert isinstance(told, SourceContractError)
    assert "returned a photo of sol" in told.message


def test_a_photo_of_another_sol_is_noticed() -> None:
    told = told_of(answer(photo(sol=3)))
    assert isinstance(told, SourceContractError)
    assert f"returned a photo of sol 3, not of sol {SOLS[0]}" in told.message


def test_a_feed_that_ignores_the_page_is_noticed() -> None:
    told = told_of(answer(photo(0), photo(1), more=True, total=4))
    assert isinstance(told, SourceContractError)
    assert "twice" in told.message


def test_photos_that_arrive_between_two_answers_need_another_run() -> None:
    told = told_of(answer(photo(0), more=True, total=2), answer(photo(1), photo(2), total=3))
    assert isinstance(told, SourceChangedError)
    assert "arrived while the sol was read" in told.message


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer(photo(), total=2), "announced 2 photos of the sol and returned 1"),
        (answer(more=True, total=1_388_223), "announced 1,388,223 photos of the sol and returned 0"),
        (answer(photo(), total="1"), "has no valid 'total'"),
        (answer(photo(), more=None), "has no valid 'more'"),
        (ok({"images": None}), "holds no list of photos"),
        (ok({"error": "No such feed"}), "the API says: No such feed"),
        (ok([]), "holds no list of photos"),
    ],
)
def test_an_answer_that_is_not_the_whole_sol_is_refused(reply: Any, said: str) -> None:
    told = told_of(reply)
    assert isinstance(told, SourceContractError)
    assert said in told.message


@pytest.mark.parametrize("code", [404, 410])
def test_an_api_that_is_gone_is_withdrawn(code: int) -> None:
    told = told_of(status(code, "No such app"))
    assert isinstance(told, SourceWithdrawnError)
    assert "Check the base URL" in told.hint


@pytest.mark.parametrize("record", ["x", 7, None, {}, {"sol": "soon"}])
def test_a_record_without_a_sol_is_left_to_the_parser(record: Any) -> None:
    with answering(answer(record)) as api:
        assert read(api.url, BEFORE_PERSEVERANCE)[0].records == 1
