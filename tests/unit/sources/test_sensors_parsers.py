"""A page of columns becomes readings and refusals, one for each sensor and day, whatever it holds."""

import copy
import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core.core_schema import ErrorType

from etl.core.pages import PageContext, Parsed
from etl.sources.records import LONGEST_RECORD
from etl.sources.sensors import contract, parsers
from etl.sources.sensors.datasets import OBSERVATIONS
from etl.sources.sensors.grid import Grid

NAMES = contract.VARIABLES
GRID = Grid(2, 3, 52.52, 13.405, 0.1, 2)
RECEIVED = datetime(2024, 6, 1, 12, 30, tzinfo=UTC)
KINDS = {*get_args(ErrorType), "broken_page", "repeated_key"}
YEAR = [(date(2024, 1, 1) + timedelta(days=n)).isoformat() for n in range(3)]

Document = list[Any]


def location(index: int = 0, days: list[str] | None = None, **values: list[Any]) -> dict[str, Any]:
    days = YEAR if days is None else days
    one: dict[str, Any] = {
        "latitude": 52.5,
        "longitude": 13.4,
        "generationtime_ms": 1.5,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 38.0,
        "location_id": index,
        "daily_units": {"time": "iso8601", **contract.UNITS},
        "daily": {"time": days, **{name: [1.5 + n for n in range(len(days))] for name in NAMES}, **values},
    }
    if index == 0:
        del one["location_id"]
    return one


def context(locations: int, first: int = 1) -> PageContext:
    return PageContext({"grid": GRID.as_json(), "first": first, "last": first + locations - 1}, RECEIVED)


def parse(*locations: Any) -> Parsed:
    return parsers.observations(json.dumps(locations).encode(), context(len(locations)))


def rows(parsed: Parsed) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parsed.batches[OBSERVATIONS.name].to_pylist()
    return found


def check(parsed: Parsed) -> None:
    """What holds for everything that the parser returns."""
    batch = parsed.batches[OBSERVATIONS.name]
    batch.validate(full=True)
    assert batch.schema.equals(OBSERVATIONS.schema)
    for field, column in zip(batch.schema, batch.columns, strict=True):
        assert field.nullable or column.null_count == 0
    assert batch.num_rows + len(parsed.refused) == parsed.records
    for row in batch.to_pylist():
        assert contract.EARLIEST <= row["reading_date"] <= contract.LATEST
        for name in ("temperature_max", "temperature_min", "precipitation"):
            assert row[name] is None or math.isfinite(row[name])
    for refused in parsed.refused:
        for text in (refused.reason, refused.record):
            assert "\x00" not in text
            text.encode()
        assert refused.reason.isprintable()
        assert len(refused.record) <= LONGEST_RECORD
        assert refused.kind in KINDS
    assert all(name.isprintable() for name in parsed.unknown_fields)


# Readings


def test_each_sensor_has_a_row_a_day() -> None:
    body = json.dumps([location(), location(1, temperature_2m_max=[None, 20, -3.5])]).encode()
    parsed = parsers.observations(body, context(2, first=4))
    check(parsed)
    assert (parsed.records, parsed.refused, parsed.unknown_fields) == (6, (), frozenset())
    assert [(row["sensor_id"], row["reading_date"].day) for row in rows(parsed)] == [
        ("SENSOR_0004", 1),
        ("SENSOR_0004", 2),
        ("SENSOR_0004", 3),
        ("SENSOR_0005", 1),
        ("SENSOR_0005", 2),
        ("SENSOR_0005", 3),
    ]
    assert rows(parsed)[4] == {
        "sensor_id": "SENSOR_0005",
        "region": "ZONE_1_1",
        "latitude": 52.57,  # as asked for, not as echoed
        "longitude": 13.405,
        "reading_date": date(2024, 1, 2),
        "temperature_max": 20.0,
        "temperature_min": 2.5,
        "precipitation": 2.5,
        "received_at": RECEIVED,
    }
    assert [row["temperature_max"] for row in rows(parsed)[3:]] == [None, 20.0, -3.5]


def test_one_location_comes_without_a_list_around_it() -> None:
    body = json.dumps(location()).encode()
    assert len(rows(parsers.observations(body, context(1)))) == 3


def test_locations_may_have_different_days() -> None:
    parsed = parse(location(), location(1, days=["2020-02-29"]), location(2, days=[]))
    check(parsed)
    assert [row["reading_date"].year for row in rows(parsed)] == [2024, 2024, 2024, 2020]


def test_a_page_without_days_has_no_rows() -> None:
    parsed = parse(location(days=[]), location(1, days=[]))
    check(parsed)
    assert (parsed.records, rows(parsed)) == (0, [])


def test_days_that_are_not_known_at_all_are_rows() -> None:
    parsed = parse(location(**{name: [None] * 3 for name in NAMES}))
    assert (len(rows(parsed)), parsed.refused) == (3, ())


# Refusals


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("temperature_2m_max", 65.1, "less_than_equal"),
        ("temperature_2m_min", -100.1, "greater_than_equal"),
        ("precipitation_sum", -0.1, "greater_than_equal"),
        ("precipitation_sum", 2000.1, "less_than_equal"),
        ("precipitation_sum", math.nan, "finite_number"),
        ("temperature_2m_max", math.inf, "finite_number"),
        ("temperature_2m_max", True, "float_type"),
        ("temperature_2m_max", "12", "float_type"),
        ("temperature_2m_max", [12], "float_type"),
        ("temperature_2m_max", 10**30, "less_than_equal"),
        ("temperature_2m_max", 10**400, "float_type"),
    ],
)
def test_a_reading_that_cannot_be_is_refused_and_its_neighbours_are_kept(name: str, value: Any, kind: str) -> None:
    broken = location(1)
    broken["daily"][name][1] = value
    parsed = parse(location(), broken, location(2))
    check(parsed)
    (refused,) = parsed.refused
    assert (refused.position, refused.kind) == (5, kind)
    assert refused.reason.startswith(f"{name}: ")
    record = json.loads(refused.record)
    assert (record["sensor_id"], record["date"]) == ("SENSOR_0002", "2024-01-02")
    assert set(record) == {"sensor_id", "date", *NAMES}
    assert len(rows(parsed)) == 8


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature_2m_max", 65),
        ("temperature_2m_min", -100.0),
        ("precipitation_sum", 0),
        ("precipitation_sum", 2000.0),
        ("precipitation_sum", -0.0),
    ],
)
def test_what_may_just_be_is_kept(name: str, value: float) -> None:
    parsed = parse(location(**{name: [value, None, 1]}))
    assert (len(rows(parsed)), parsed.refused) == (3, ())


@pytest.mark.parametrize(
    "day", ["2024-02-30", "2024-1-1", "2024-01-01T00:00", "1939-12-31", "2101-01-01", "", None, 19723, True, "\ud800"]
)
def test_an_invalid_day_is_refused(day: Any) -> None:
    parsed = parse(location(days=["2024-01-01", day, "2024-01-03"]), location(1))
    check(parsed)
    (refused,) = parsed.refused
    assert refused.position == 2
    assert refused.reason.startswith("date: ")
    assert len(rows(parsed)) == 5


def without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda one: one["daily"].pop(name)


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (without("time"), "missing", "daily.time is not a list"),
        (without("precipitation_sum"), "missing", "daily.precipitation_sum is not a list"),
        (lambda one: one["daily"].update(time="2024-01-01"), "missing", "daily.time is not a list"),
        (lambda one: one["daily"]["temperature_2m_min"].pop(), "too_short", "is not as long as daily.time"),
        (lambda one: one.pop("daily"), "missing", "daily or daily_units is missing"),
        (lambda one: one.pop("daily_units"), "missing", "daily or daily_units is missing"),
        (lambda one: one["daily_units"].update(temperature_2m_max="°F"), "literal_error", "is not °C"),
        (lambda one: one["daily_units"].update(precipitation_sum="inch"), "literal_error", "is not mm"),
        (lambda one: one.update(location_id=2), "literal_error", "location_id is not 1"),
        (lambda one: one.pop("location_id"), "literal_error", "location_id is not 1"),
        (lambda one: one.update(location_id=True), "literal_error", "location_id is not 1"),
    ],
)
def test_a_location_without_readings_is_one_refusal(change: Callable[[Any], Any], kind: str, said: str) -> None:
    broken = location(1)
    change(broken)
    parsed = parse(location(), broken, location(2))
    check(parsed)
    (refused,) = parsed.refused
    assert (refused.position, refused.kind) == (4, kind)
    assert refused.reason.startswith("SENSOR_0002: ")
    assert said in refused.reason
    assert json.loads(refused.record)["sensor_id"] == "SENSOR_0002"
    assert (parsed.records, len(rows(parsed))) == (7, 6)


@pytest.mark.parametrize("where", ['"latitude"', '"precipitation_sum"'])
def test_a_location_that_has_a_key_twice_is_one_refusal(where: str) -> None:
    text = json.dumps([location(0), location(1)])
    first = text.index(where)
    body = f"{text[:first]}{where}: null, {text[first:]}".encode()
    parsed = parsers.observations(body, context(2))
    assert [refused.kind for refused in parsed.refused] == ["repeated_key"]
    assert len(rows(parsed)) == len(YEAR)


def test_refusals_are_in_the_order_of_the_page() -> None:
    last = location(3, precipitation_sum=[0.0, -1.0, -1.0])
    parsed = parse(location(precipitation_sum=[-1.0, 0.0, 0.0]), None, location(2), last)
    check(parsed)
    assert [refused.position for refused in parsed.refused] == [1, 4, 9, 10]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "Expecting value"),
        (b'[{"latitude": 1}', "Expecting"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff", "not UTF-8"),
        (b"[]", "no list of locations"),
        (b"3", "no list of locations"),
        (b"[{}]", "1 locations instead of 2"),
        (b'{"error": true, "reason": "later"}', "the API says: later"),
    ],
)
def test_a_broken_page_is_one_refusal(body: bytes, said: str) -> None:
    parsed = parsers.observations(body, context(2))
    check(parsed)
    (refused,) = parsed.refused
    assert (refused.position, refused.kind, parsed.records) == (0, "broken_page", 1)
    assert said in refused.reason


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"grid": GRID.as_json()},
        {"grid": GRID.as_json(), "first": 0, "last": 1},
        {"grid": GRID.as_json(), "first": 1, "last": 7},
        {"grid": GRID.as_json(), "first": "1", "last": 1},
        {"grid": {"rows": 2}, "first": 1, "last": 1},
        {"grid": GRID.as_json() | {"latitude": 90}, "first": 1, "last": 1},
        {"grid": GRID.as_json() | {"latitude": "north"}, "first": 1, "last": 1},
        {"grid": None, "first": 1, "last": 1},
    ],
)
def test_a_page_of_unknown_sensors_is_broken(about: dict[str, Any]) -> None:
    parsed = parsers.observations(json.dumps(location()).encode(), PageContext(about, RECEIVED))
    check(parsed)
    assert "which sensors" in parsed.refused[0].reason


def test_unknown_fields_are_reported_and_known_ones_are_not() -> None:
    one = location() | {"soil": 1, "new\x00": 2}
    one["daily"]["sunshine_duration"] = [1.0, 2.0, 3.0]
    parsed = parse(one)
    check(parsed)
    assert parsed.unknown_fields == {"soil", "new\ufffd", "daily.sunshine_duration"}
    assert len(rows(parsed)) == 3


# Properties

numbers = st.floats(-90, 60) | st.integers(-90, 60) | st.none()
some = numbers | st.sampled_from([99, -1.5, True, math.nan, "1"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(["daily", "daily_units", "location_id", "time", *NAMES])
paths = st.tuples(st.integers(0, 3), st.lists(keys | st.integers(0, 2), max_size=3))


def put(document: Any, path: tuple[int, list[Any]], value: Any) -> None:
    """Change the value at a path, as far as the document has one."""
    place, key = document, path[0]
    for step in path[1]:
        try:
            below = place[key]
        except (LookupError, TypeError):
            break
        if not isinstance(below, dict | list) or isinstance(below, dict) != isinstance(step, str):
            break
        place, key = below, step
    if isinstance(place, dict) or key < len(place):
        place[key] = value


@given(st.lists(st.tuples(paths, json_values | numbers), max_size=4))
def test_no_change_of_a_page_makes_the_parser_raise_or_lose_a_record(changes: list[Any]) -> None:
    document: Document = copy.deepcopy([location(index) for index in range(4)])
    for path, value in changes:
        put(document, path, value)
    check(parse(*document))


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()), st.integers(1, 3))
def test_no_bytes_make_the_parser_raise(body: bytes, locations: int) -> None:
    check(parsers.observations(body, context(locations)))


@given(st.dictionaries(st.sampled_from(["grid", "first", "last"]), json_values))
def test_no_manifest_makes_the_parser_raise(about: dict[str, Any]) -> None:
    check(parsers.observations(json.dumps(location()).encode(), PageContext(about, RECEIVED)))


@given(st.lists(st.lists(st.tuples(some, some, some)), min_size=1, max_size=4))
def test_columns_read_whole_are_the_same_as_reading_by_reading(series: list[list[tuple[Any, ...]]]) -> None:
    """The fast path agrees with the contract."""
    document, kept, refused = [], [], []
    for index, readings in enumerate(series):
        days = [(date(2024, 1, 1) + timedelta(days=n)).isoformat() for n in range(len(readings))]
        columns = {name: [reading[at] for reading in readings] for at, name in enumerate(NAMES)}
        document.append(location(index, days=days, **columns))
        for day, reading in zip(days, readings, strict=True):
            bounds = [(-100, 65), (-100, 65), (0, 2000)]
            fine = all(
                one is None or (type(one) in (int, float) and least <= one <= most)
                for one, (least, most) in zip(reading, bounds, strict=True)
            )
            sensor = GRID.sensors(index + 1, index + 1)[0].sensor_id
            (kept if fine else refused).append((sensor, day, *(reading if fine else ())))
    parsed = parse(*document)
    check(parsed)
    assert [
        (
            row["sensor_id"],
            row["reading_date"].isoformat(),
            row["temperature_max"],
            row["temperature_min"],
            row["precipitation"],
        )
        for row in rows(parsed)
    ] == kept
    told = [json.loads(one.record) for one in parsed.refused]
    assert [(one["sensor_id"], one["date"]) for one in told] == refused
