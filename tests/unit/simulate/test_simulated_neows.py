"""The simulated feed has the habits of the real one: its limit, its links, its disorder, its disagreements."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug import test as werkzeug

from etl.sources.neo import sky
from etl.sources.neows import simulator

APP = werkzeug.Client(simulator.make_app())


def ask(start: str, end: str | None = None, **asked: str) -> Any:
    days = {"start_date": start} | ({"end_date": end} if end else {})
    return APP.get(simulator.PATH, query_string=days | asked)


def test_eight_days_are_served_in_no_order_and_an_end_may_be_left_out() -> None:
    feed = ask("2022-09-18", "2022-09-25").json
    days = list(feed["near_earth_objects"])
    assert len(days) == 8
    assert days != sorted(days)
    assert feed["element_count"] == sum(map(len, feed["near_earth_objects"].values()))
    assert ask("2022-09-18").json == feed


@pytest.mark.parametrize(
    "asked",
    [
        {"start_date": "2022-09-18", "end_date": "2022-09-26"},
        {"end_date": "2022-09-26"},
        {"start_date": "2022-09-18", "end_date": "2022-09-17"},
        {"start_date": "18 September"},
    ],
)
def test_anything_else_is_answered_with_the_limit(asked: dict[str, str]) -> None:
    answer = APP.get(simulator.PATH, query_string=asked)
    assert (answer.status_code, answer.json["http_error"]) == (400, "BAD_REQUEST")
    assert "The Feed date limit is only 7 Days" in answer.json["error_message"]


def test_its_links_carry_the_key_and_go_on_for_ever() -> None:
    feed = ask("2022-09-18", "2022-09-25", api_key="a+key").json
    assert feed["links"]["next"].endswith("start_date=2022-09-25&end_date=2022-10-02&detailed=false&api_key=a%2Bkey")
    assert feed["links"]["previous"].count("start_date=2022-09-11&end_date=2022-09-18") == 1
    assert all("api_key=a%2Bkey" in one["links"]["self"] for one in feed["near_earth_objects"]["2022-09-20"])


def test_the_most_likely_impactor_is_not_marked_as_a_risk() -> None:
    [rf12] = [
        one for one in ask("2022-09-23", "2022-09-23").json["near_earth_objects"]["2022-09-23"] if "RF12" in one["name"]
    ]
    assert (rf12["is_sentry_object"], rf12["id"]) == (False, "3549652")
    assert sky.RF12 not in simulator._marked()
    assert 0 < len(simulator._marked()) < len(sky.risks(2026))
