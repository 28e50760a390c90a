"""NeoWs is asked for at most eight days at a time; no key is in what comes of it, and errors say what to do."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from etl.core.errors import PlatformError, UsageError
from etl.core.intervals import DataInterval, today
from etl.core.pages import Page
from etl.core.source import Source
from etl.settings import NasaSettings, NeowsSettings
from etl.simulate import server
from etl.simulate.faults import Faults, parse_fault
from etl.sources.http.client import HttpClient
from etl.sources.neows import make_source, pages, simulator
from tests.conftest import HASTY
from tests.unit.sources.conftest import answering, ok, status

KEY = "hunter2hunter2hunter2"
MONTH = DataInterval(date(2024, 5, 1), date(2024, 5, 31))
DAY = timedelta(days=1)


@contextmanager
def simulated(*faults: str) -> Iterator[str]:
    with server.serve(simulator.make_app(Faults([parse_fault(fault) for fault in faults]))) as running:
        yield running.url


def source(url: str = "http://nowhere.invalid", key: str | None = KEY, **settings: Any) -> Source:
    nasa = NasaSettings(api_key=None if key is None else SecretStr(key))
    return make_source(NeowsSettings(base_url=url, nasa=nasa, **settings))


def read(url: str, interval: DataInterval | None = MONTH, first: int = 1, **settings: Any) -> list[Page]:
    api = source(url, **settings)
    with HttpClient("neows", url, HASTY, auth=api.api.auth) as client:
        return list(api.endpoints[0].pages(client, interval, first))


def told_of(*replies: Any) -> PlatformError:
    with answering(*replies) as api, pytest.raises(PlatformError) as told:
        read(api.url)
    assert KEY not in f"{told.value} {told.value.hint}"
    return told.value


def feed(start: date = MONTH.start, days: int = 7, **changes: Any) -> Any:
    asked = {"start_date": str(start), "end_date": str(start + (days - 1) * DAY), "api_key": KEY}
    return ok(json.loads(simulator._feed(asked, simulator.sky.passes).get_data()) | changes)


# What is asked


def test_an_interval_is_asked_for_in_pieces_of_at_most_eight_days() -> None:
    with simulated() as url:
        found = read(url)
        assert [page.number for page in found] == [1, 2, 3, 4]
        assert [page.is_last for page in found] == [False, False, False, True]
        assert [page.body for page in read(url, first=3)] == [page.body for page in found[2:]]
    assert source().cost(MONTH).requests == 4  # type: ignore[misc]
    with pytest.raises(ValueError, match="less than or equal to 8"):
        source(days_per_request=9)


def test_the_key_goes_with_each_request_and_its_url_is_kept_without_it() -> None:
    with answering(feed()) as api:
        [page] = read(api.url, DataInterval(MONTH.start, MONTH.start + 7 * DAY))
    assert dict(api.asked[0].args) == {"start_date": "2024-05-01", "end_date": "2024-05-07", "api_key": KEY}
    assert "api_key" not in page.url


@pytest.mark.parametrize("other", [KEY, "DEMO_KEY", "somebody-elses-key"])
def test_no_key_stays_in_the_links_of_a_page(other: str) -> None:
    body = feed().get_data().replace(KEY.encode(), other.encode())
    assert body.count(other.encode()) > 3
    with answering(ok(json.loads(body))) as api:
        [page] = read(api.url, DataInterval(MONTH.start, MONTH.start + 7 * DAY))
    assert other.encode() not in page.body
    assert page.body.count(b"api_key=***") == body.count(other.encode())


@pytest.mark.parametrize(
    ("interval", "said"),
    [(None, "are read by days"), (DataInterval(date(1899, 12, 31), MONTH.end), "no pass before 1900-01-01")],
)
def test_days_that_cannot_be_asked_for_are_refused(interval: DataInterval | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read("http://nowhere.invalid", interval)


def test_a_run_without_dates_looks_back_thirty_days() -> None:
    interval = source().interval(today(), today())
    assert interval == DataInterval(today() - 30 * DAY, today())


# What it may answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (feed(MONTH.start - DAY), "returned a pass of 2024-04-30 under 2024-04-30"),
        (feed(element_count=1), "announces 1 objects and holds"),
        (feed(near_earth_objects=None), "holds no near_earth_objects by day"),
        (ok({"links": {}}), "holds no near_earth_objects by day"),
    ],
)
def test_an_answer_about_something_else_is_not_data(answer: Any, said: str) -> None:
    error = told_of(answer)
    assert error.exit_code == os.EX_PROTOCOL
    assert said in error.message


def test_a_pass_under_the_day_of_another_is_not_data() -> None:
    answer = json.loads(feed().get_data())
    days = answer["near_earth_objects"]
    days["2024-05-01"], days["2024-05-02"] = days["2024-05-02"], days["2024-05-01"]
    assert "returned a pass of 2024-05-02 under 2024-05-01" in told_of(ok(answer)).message


def test_nine_days_are_refused_with_the_apis_reason(shared: Path) -> None:
    stored = (shared / "data/nasa/neows_400_eight_days.json").read_text()
    error = told_of(status(400, stored))
    assert error.exit_code == os.EX_PROTOCOL
    assert "answered 400 (Date Format Exception" in error.message
    assert "limit is only 7 Days" in error.message


def refusal(code: str, message: str) -> str:
    """As the gateway before api.nasa.gov refuses: API Umbrella."""
    return json.dumps({"error": {"code": code, "message": message}})


@pytest.mark.parametrize(
    ("answer", "exit_code", "said", "hint"),
    [
        (
            status(403, refusal("API_KEY_INVALID", f"An invalid api_key ({KEY}) was supplied.")),
            os.EX_NOPERM,
            r"/neo/rest/v1/feed answered 403 \(An invalid api_key \(\*\*\*\) was supplied\)\.",
            "Compare ETL_NASA__API_KEY with the key that https://api.nasa.gov sent you",
        ),
        (
            status(403, refusal("API_KEY_MISSING", "No api_key was supplied.")),
            os.EX_NOPERM,
            r"answered 403 \(No api_key was supplied\)\.",
            "Compare ETL_NASA__API_KEY",
        ),
        (
            status(429, refusal("OVER_RATE_LIMIT", "You have exceeded your rate limit."), Retry_After="2870"),
            os.EX_TEMPFAIL,
            r"answered 429 \(You have exceeded your rate limit\)\.",
            "It asks to wait 2870 s; then run the same command again",
        ),
        (
            status(503, "<!DOCTYPE html><title>Application error</title>"),
            os.EX_TEMPFAIL,
            "answered 503.",
            "run the same command again",
        ),
    ],
    ids=["wrong key", "no key", "spent key", "out of order"],
)
def test_an_error_says_what_is_wrong_and_what_to_do(answer: Any, exit_code: int, said: str, hint: str) -> None:
    error = told_of(answer)
    assert error.exit_code == exit_code
    assert re.search(said, error.message), error.message
    assert hint in error.hint


# The key


def test_without_a_key_it_is_declared_and_says_where_to_get_one() -> None:
    error = source(key=None).api.auth.missing()
    assert error is not None
    assert error.exit_code == os.EX_CONFIG
    assert error.message == "api.nasa.gov needs a key, and ETL_NASA__API_KEY is not set."
    assert "https://api.nasa.gov" in error.hint
    assert source().api.auth.missing() is None


def test_the_budget_is_that_of_the_key_and_shared_by_whatever_asks_there() -> None:
    api = source().api
    assert api.name == "api.nasa.gov"
    assert [(limit.calls, limit.seconds) for limit in api.limits] == [(1000, 3600)]


def test_the_demonstration_key_has_a_small_budget_and_check_says_so() -> None:
    api = source(key="DEMO_KEY").api
    assert [(limit.calls, limit.seconds) for limit in api.limits] == [(30, 3600), (50, 86_400)]
    with simulated() as url, HttpClient("neows", url, HASTY, auth=api.auth) as client:
        assert "passes today; the demonstration key may ask 30 times an hour and 50 times a day" in api.probe(client)
        assert "demonstration" not in pages.probe(client, is_demo=False)
