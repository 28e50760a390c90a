"""An object of NeoWs' feed becomes a row for its pass, or is refused with the reason."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.pages import PageContext, Parsed
from etl.sources.neo import sky
from etl.sources.neows import parsers, simulator

NOW = datetime(2026, 10, 1, tzinfo=UTC)
DAY = date(2022, 9, 23)
ONE = simulator._object(sky.passes(DAY)[0], {"api_key": "hunter2-hunter2"})


def feed(*objects: Any, day: str = "2022-09-23", **changes: Any) -> dict[str, Any]:
    return {"links": {}, "element_count": len(objects), "near_earth_objects": {day: list(objects)}, **changes}


def parse(document: Any) -> Parsed:
    return parsers.passes(json.dumps(document).encode(), PageContext({}, NOW))


def rows(parsed: Parsed) -> list[dict[str, Any]]:
    return parsed.batches["neows_passes"].to_pylist()


def reason(record: Any) -> str:
    parsed = parse(feed(record, ONE))
    assert len(rows(parsed)) == 1, "the other one is read"
    (refused,) = parsed.refused
    return refused.reason


# Real answers


@pytest.fixture(scope="module")
def stored(shared: Path) -> Parsed:
    file = shared / "data/nasa/neows_feed_2022-09-18_2022-09-25.json"
    return parsers.passes(file.read_bytes(), PageContext({}, NOW))


def test_all_of_the_stored_feed_is_read_in_the_order_of_days(stored: Parsed) -> None:
    assert (stored.records, stored.refused, stored.unknown_fields) == (70, (), frozenset())
    days = [row["approach_date"] for row in rows(stored)]
    assert days == sorted(days)
    assert (days[0], days[-1], len(set(days))) == (date(2022, 9, 18), date(2022, 9, 25), 8)


def test_the_object_with_the_highest_risk_known_is_not_on_neows_risk_list(stored: Parsed) -> None:
    [rf12] = [row for row in rows(stored) if row["designation"] == sky.RF12]
    assert rf12 == {
        "neo_id": "3545552",
        "approach_date": DAY,
        "approach_at": datetime(2022, 9, 23, 16, 53, tzinfo=UTC),
        "designation": "2010 RF12",
        "full_name": "(2010 RF12)",
        "miss_distance_au": 0.0686054137,
        "miss_distance_km": 10263223.759988819,
        "miss_distance_ld": 26.6875059293,
        "velocity_km_s": 3.3131787825,
        "absolute_magnitude": 28.4,
        "diameter_min_km": 0.0055533491,
        "diameter_max_km": 0.0124176661,
        "is_hazardous": False,
        "is_on_risk_list": False,
        "received_at": NOW,
    }


def test_an_object_may_be_listed_before_and_after_it_got_its_number(stored: Parsed) -> None:
    both = {row["neo_id"]: row["designation"] for row in rows(stored) if "2008 JG" in row["full_name"]}
    assert both == {"3409964": "2008 JG", "2613986": "613986"}


# Made up


def test_what_neows_does_not_know_of_an_object_is_null() -> None:
    unknown = {name: value for name, value in ONE.items() if name not in ("absolute_magnitude_h", "estimated_diameter")}
    [row] = rows(parse(feed(unknown)))
    assert (row["absolute_magnitude"], row["diameter_min_km"], row["diameter_max_km"]) == (None, None, None)


def with_pass(**changes: Any) -> dict[str, Any]:
    return ONE | {"close_approach_data": [ONE["close_approach_data"][0] | changes]}


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (ONE | {"name": "somebody's"}, "designation: is not the designation"),
        (ONE | {"is_sentry_object": "no"}, "is_sentry_object: Input should be a valid boolean"),
        (ONE | {"close_approach_data": []}, "close_approach_data: List should have at least 1 item"),
        (with_pass(miss_distance={"astronomical": "-1", "lunar": "1", "kilometers": "1"}), "greater than or equal"),
        (with_pass(relative_velocity={"kilometers_per_second": "fast"}), "is not a number"),
        (with_pass(relative_velocity={"kilometers_per_second": "1e400"}), "finite number"),
        (with_pass(close_approach_date="2022-09-24"), "is not on close_approach_date"),
        (with_pass(epoch_date_close_approach="1663951980000"), "is not a time in milliseconds"),
        (with_pass(epoch_date_close_approach=10**17), "is not a time in milliseconds"),
        (with_pass(orbiting_body="Mars"), "orbiting_body: Input should be 'Earth'"),
    ],
)
def test_an_object_that_breaks_the_contract_is_refused_alone(record: dict[str, Any], said: str) -> None:
    assert said in reason(record)


def test_a_field_nobody_knows_is_reported() -> None:
    assert parse(feed(ONE | {"mood": "calm", "designation": "x"})).unknown_fields == {"mood", "designation"}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (feed(ONE, element_count=2), "announces 2 objects and holds 1"),
        (feed(ONE, near_earth_objects=[ONE]), "holds no near_earth_objects by day"),
        (feed(ONE, near_earth_objects={"2022-09-23": {}}), "holds no near_earth_objects by day"),
        ({"error_message": "limit is only 7 Days"}, "the API says: limit is only 7 Days"),
        ("feed", "is not an object"),
    ],
)
def test_an_answer_that_is_no_whole_feed_is_one_broken_page(document: Any, said: str) -> None:
    (refused,) = parse(document).refused
    assert said in refused.reason


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


FIELDS = [*ONE, *ONE["close_approach_data"][0]]  # of an object, and of its pass


@given(st.sampled_from(FIELDS), ANYTHING)
def test_whatever_a_field_holds_an_object_is_a_row_or_refused(field: str, value: Any) -> None:
    parsed = parse(feed(ONE | {field: value} if field in ONE else with_pass(**{field: value})))
    assert len(rows(parsed)) + len(parsed.refused) == 1


@given(ANYTHING)
def test_whatever_a_page_holds_nothing_is_raised(document: Any) -> None:
    for parsed in (parse(document), parse(feed(ONE, near_earth_objects=document))):
        assert rows(parsed) == []
