"""A page becomes rows and refusals, whatever it holds; no parser ever raises."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core.core_schema import ErrorType

from etl import sources
from etl.core.pages import PageContext, Parsed
from etl.sources.records import LONGEST_RECORD
from etl.sources.spacex import parsers
from etl.sources.spacex.snapshot import load

ENDPOINTS = {endpoint.name.removeprefix("spacex_"): endpoint for endpoint in sources.load("spacex").endpoints}
ASKED = PageContext({}, datetime(2026, 11, 21, tzinfo=UTC))
SNAPSHOT = load()
KINDS = {*get_args(ErrorType), "broken_page"}
FILES = {
    "launches": "launches_v5.json",
    "rockets": "rockets.json",
    "launchpads": "launchpads.json",
    "landpads": "landpads.json",
    "payloads": "payloads.json",
}


def page(*records: Any) -> bytes:
    return json.dumps(records).encode()


def parse(name: str, *records: Any) -> Parsed:
    return ENDPOINTS[name].parse(page(*records), ASKED)


def launch(**changed: Any) -> dict[str, Any]:
    record: dict[str, Any] = next(one for one in SNAPSHOT["launches"] if len(one["cores"]) == 3)
    return record | changed


def slot(**changed: Any) -> dict[str, Any]:
    return launch()["cores"][0] | changed


def reason(name: str, record: Any) -> str:
    parsed = parse(name, record)
    (refused,) = parsed.refused
    assert all(batch.num_rows == 0 for batch in parsed.batches.values())
    return refused.reason


def check(name: str, parsed: Parsed) -> None:
    """What holds for everything that a parser returns."""
    endpoint = ENDPOINTS[name]
    assert set(parsed.batches) == {dataset.name for dataset in endpoint.datasets}
    for dataset in endpoint.datasets:
        batch = parsed.batches[dataset.name]
        batch.validate(full=True)
        assert batch.schema.equals(dataset.schema)
        for field, column in zip(batch.schema, batch.columns, strict=True):
            assert field.nullable or column.null_count == 0
            texts: Any = pc.list_flatten(column) if pa.types.is_list(column.type) else column
            if pa.types.is_string(texts.type):
                assert all("\x00" not in text for text in texts.to_pylist() if text is not None)
    main = parsed.batches[endpoint.datasets[0].name]
    assert main.num_rows + len(parsed.refused) == parsed.records
    for refused in parsed.refused:
        for text in (refused.reason, refused.record):
            assert "\x00" not in text
            text.encode()  # no lone surrogate
        assert refused.reason.isprintable()
        assert len(refused.record) <= LONGEST_RECORD
        assert refused.kind in KINDS, "one of a few words, whatever the API sends"
    assert all(name.isprintable() for name in parsed.unknown_fields)


# Real answers


@pytest.mark.parametrize("name", FILES)
def test_real_answers_break_no_contract_and_hold_no_unknown_field(shared: Path, name: str) -> None:
    body = (shared / "data" / "spacex" / FILES[name]).read_bytes()
    parsed = ENDPOINTS[name].parse(body, ASKED)
    assert parsed.refused == ()
    assert parsed.unknown_fields == frozenset()
    assert parsed.records == len(json.loads(body)) == parsed.batches[f"spacex_{name}"].num_rows
    check(name, parsed)


def test_real_launches_have_the_numbers_that_are_known(shared: Path) -> None:
    parsed = parsers.launches((shared / "data" / "spacex" / "launches_v5.json").read_bytes(), ASKED)
    rows, slots = parsed.batches["spacex_launches"], parsed.batches["spacex_launch_cores"]
    assert (rows.num_rows, slots.num_rows) == (205, 215)
    assert slots["core_id"].null_count == 19
    assert rows["is_upcoming"].to_pylist().count(True) == 18
    upcoming = {row["launch_id"] for row in rows.to_pylist() if row["is_upcoming"]}
    assert {row["launch_id"] for row in slots.to_pylist() if row["core_id"] is None} <= upcoming


@pytest.mark.parametrize("name", ENDPOINTS)
def test_the_snapshot_breaks_no_contract(name: str) -> None:
    parsed = parse(name, *SNAPSHOT[name])
    assert (parsed.refused, parsed.unknown_fields) == ((), frozenset())
    check(name, parsed)


def test_a_query_answer_and_a_list_are_read_alike() -> None:
    listed = parse("cores", *SNAPSHOT["cores"])
    queried = parsers.cores(json.dumps({"docs": SNAPSHOT["cores"], "page": 1}).encode(), ASKED)
    assert listed.batches == queried.batches


# Rows


def test_a_launch_becomes_a_row_and_its_cores_numbered_rows() -> None:
    parsed = parse("launches", launch(date_utc="2018-02-06T20:45:00.000Z"))
    (row,) = parsed.batches["spacex_launches"].to_pylist()
    assert row["launched_at"] == datetime(2018, 2, 6, 20, 45, tzinfo=UTC)
    assert row["launched_date"] == date(2018, 2, 6)
    slots = parsed.batches["spacex_launch_cores"].to_pylist()
    assert [row["position"] for row in slots] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "day"),
    [("2020-01-01T00:30:00+02:00", date(2019, 12, 31)), ("2019-12-31T23:30:00-01:00", date(2020, 1, 1))],
)
def test_the_day_of_a_launch_is_the_day_in_utc(text: str, day: date) -> None:
    (row,) = parse("launches", launch(date_utc=text)).batches["spacex_launches"].to_pylist()
    assert row["launched_date"] == day


def test_a_launch_without_date_or_cores_is_a_row() -> None:
    parsed = parse("launches", launch(date_utc=None, cores=[]))
    assert parsed.batches["spacex_launches"]["launched_at"].to_pylist() == [None]
    assert parsed.batches["spacex_launch_cores"].num_rows == 0


# Refusals


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id": None}, "id: Input should be a valid string"),
        ({"id": ""}, "id: String should have at least 1 character"),
        ({"id": 12345}, "id: Input should be a valid string"),
        ({"name": "a\x00b"}, "name: holds a NUL character, which Postgres cannot keep"),
        ({"name": "\ud800"}, "name: Input should be a valid string"),
        ({"name": "x" * 10_001}, "name: String should have at most 10000 characters"),
        ({"flight_number": "5"}, "flight_number: Input should be a valid integer"),
        ({"flight_number": True}, "flight_number: Input should be a valid integer"),
        ({"flight_number": 1.5}, "flight_number: Input should be a valid integer"),
        ({"flight_number": -1}, "flight_number: Input should be greater than or equal to 0"),
        ({"flight_number": 2**31}, "flight_number: Input should be less than or equal to 2147483647"),
        ({"flight_number": 10**30}, "flight_number: Input should be"),
        ({"flight_number": float("nan")}, "flight_number: Input should be"),
        ({"flight_number": float("inf")}, "flight_number: Input should be"),
        ({"window": 2**63}, "window: Input should be less than or equal to"),
        ({"upcoming": "false"}, "upcoming: Input should be a valid boolean"),
        ({"upcoming": 0}, "upcoming: Input should be a valid boolean"),
        ({"date_utc": "2022-13-45T00:00:00.000Z"}, "date_utc: Input should be a valid datetime"),
        ({"date_utc": "2022-02-30T00:00:00.000Z"}, "date_utc: Input should be a valid datetime"),
        ({"date_utc": "2022-01-01T00:00:00"}, "date_utc: Input should have timezone info"),
        ({"date_utc": "1949-12-31T00:00:00Z"}, "date_utc: lies outside 1950 to 2100"),
        ({"date_utc": "9999-12-31T23:59:59-14:00"}, "date_utc: lies outside 1950 to 2100"),
        ({"date_utc": 1142553600}, "date_utc: is not a date like 2006-03-24"),
        ({"date_utc": "1142553600"}, "date_utc: is not a date like 2006-03-24"),
        ({"date_utc": float("nan")}, "date_utc: is not a date like 2006-03-24"),
        ({"date_precision": "minute"}, "date_precision: Input should be 'half', 'quarter'"),
        ({"cores": "[]"}, "cores: Input should be a valid list"),
        ({"cores": None}, "cores: Input should be a valid list"),
        ({"cores": {}}, "cores: Input should be a valid list"),
        ({"cores": ["x"]}, "cores.0: Input should be"),
        ({"cores": [slot(), slot(core=5)]}, "cores.1.core: Input should be a valid string"),
        ({"cores": [slot(flight=-1)]}, "cores.0.flight: Input should be greater than or equal to 0"),
    ],
)
def test_a_launch_that_breaks_its_contract_is_refused_with_the_reason(changed: dict[str, Any], said: str) -> None:
    assert reason("launches", launch(**changed)).startswith(said)


@pytest.mark.parametrize("field", ["id", "name", "date_utc", "cores", "success", "upcoming", "launchpad"])
def test_every_field_must_be_there_even_where_it_may_be_null(field: str) -> None:
    record = launch()
    del record[field]
    assert reason("launches", record) == f"{field}: Field required"


@pytest.mark.parametrize("record", [None, 5, "text", [], True, float("nan")])
def test_a_record_that_is_not_an_object_is_refused(record: Any) -> None:
    assert reason("launches", record).startswith("record: Input should be")


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("rockets", {"first_flight": "2006-02-30"}, "first_flight: Input should be a valid date"),
        ("rockets", {"first_flight": 0}, "first_flight: is not a date like 2006-03-24"),
        ("rockets", {"first_flight": "0001-01-01"}, "first_flight: lies outside 1950 to 2100"),
        ("rockets", {"height": 22.25}, "height: Input should be"),
        ("rockets", {"mass": {"kg": float("nan")}}, "mass.kg: Input should be a finite number"),
        ("launchpads", {"latitude": float("inf")}, "latitude: Input should be a finite number"),
        ("landpads", {"latitude": "28.4"}, "latitude: Input should be a valid number"),
        ("payloads", {"mass_kg": 2**53 + 1}, "mass_kg: is a whole number beyond 2**53"),
        ("payloads", {"mass_kg": -(10**400)}, "mass_kg: is a whole number beyond 2**53"),
        ("payloads", {"customers": ["NASA", None]}, "customers.1: Input should be a valid string"),
        ("payloads", {"customers": ["a\x00b"]}, "customers.0: holds a NUL character"),
        ("cores", {"reuse_count": None}, "reuse_count: Input should be a valid integer"),
    ],
)
def test_any_other_record_that_breaks_its_contract_is_refused_with_the_reason(
    name: str, changed: dict[str, Any], said: str
) -> None:
    assert reason(name, SNAPSHOT[name][0] | changed).startswith(said)


def test_a_record_that_has_a_key_twice_is_refused_and_its_neighbours_are_kept() -> None:
    good, bad = (json.dumps(launch(id=launch_id)) for launch_id in ("good", "bad"))
    body = f'[{good}, {{"name": "other", {bad[1:]}]'.encode()
    parsed = ENDPOINTS["launches"].parse(body, ASKED)
    assert [refused.position for refused in parsed.refused] == [2]
    assert "has the key 'name' twice" in parsed.refused[0].reason
    assert parsed.batches["spacex_launches"].num_rows == 1


def test_a_refusal_gives_its_position_and_keeps_the_record() -> None:
    broken = launch(cores="[]")
    parsed = parse("launches", launch(), broken, launch(), None)
    assert [(refused.position, json.loads(refused.record)) for refused in parsed.refused] == [(2, broken), (4, None)]
    assert parsed.batches["spacex_launches"].num_rows == 2


def test_of_many_reasons_three_are_shown() -> None:
    assert reason("launches", {}).endswith("; flight_number: Field required and 11 more")


def test_what_is_kept_of_a_refused_record_is_bounded() -> None:
    (refused,) = parse("launches", launch(id=None, details="x" * 1_000_000)).refused
    assert len(refused.record) == LONGEST_RECORD


@pytest.mark.parametrize("depth", [100, 900, 950, 990])
def test_a_deeply_nested_record_is_a_row_or_refused(depth: int) -> None:
    nested: Any = "[" * depth + "]" * depth
    text = json.dumps(launch(id=None, details="HERE")).replace('"HERE"', nested)
    check("launches", ENDPOINTS["launches"].parse(f"[{text}]".encode(), ASKED))


# Fields that nobody knows


def test_new_fields_are_reported_and_do_no_harm() -> None:
    parsed = parse("launches", launch(orbit_count=3, cores=[slot(paint="white")]))
    assert parsed.unknown_fields == {"orbit_count", "cores.paint"}
    assert parsed.batches["spacex_launches"].num_rows == 1


def test_new_fields_with_unprintable_names_are_reported_in_clean_text() -> None:
    parsed = parse("launches", launch(**{"a\x00\ud800\x1b\n": 1, "x" * 10_000: 2}))
    check("launches", parsed)
    assert max(map(len, parsed.unknown_fields)) <= 500


# Pages


@pytest.mark.parametrize(
    "body", [b"", b"[", b"\xff", b"{}", b'{"docs": 5}', b"null", b"[" * 100_000, b"<html>", b"\x00"]
)
def test_a_broken_page_is_one_refusal(body: bytes) -> None:
    for name, endpoint in ENDPOINTS.items():
        parsed = endpoint.parse(body, ASKED)
        check(name, parsed)
        assert parsed.records == 1
        assert parsed.refused[0].reason.startswith("the page is broken: ")
        assert parsed.refused[0].kind == "broken_page"


# Anything at all

TEXT = st.text(st.characters(exclude_categories=()), max_size=8)  # lone surrogates and NUL included
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**40), max_value=10**40)
    | st.floats(allow_nan=True, allow_infinity=True)
    | TEXT
    | st.sampled_from(["2006-03-24", "9999-99-99", "2006-03-24T22:30:00.000Z", "", "\x00", "\ud800"])
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)

a_little = settings(max_examples=40, suppress_health_check=list(HealthCheck), database=None)
every_parser = pytest.mark.parametrize("name", ENDPOINTS)


def mutations(record: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The record with a few fields, nested ones included, replaced by anything, renamed or dropped."""

    def change(draw: Callable[[st.SearchStrategy[Any]], Any], value: Any, depth: int) -> Any:
        if depth and isinstance(value, dict) and value:
            changed = dict(value)
            for field in draw(st.lists(st.sampled_from(sorted(value)), min_size=1, max_size=2, unique=True)):
                match draw(st.sampled_from(["replace", "replace", "inside", "drop", "rename"])):
                    case "replace":
                        changed[field] = draw(JSON)
                    case "inside":
                        changed[field] = change(draw, value[field], depth - 1)
                    case "drop":
                        del changed[field]
                    case "rename":
                        changed[draw(TEXT)] = changed.pop(field)
            return changed
        if depth and isinstance(value, list) and value:
            return [change(draw, value[0], depth - 1), *value[1:]]
        return draw(JSON)

    @st.composite
    def mutated(draw: Any) -> dict[str, Any]:
        found = change(draw, record, 3)
        return found if isinstance(found, dict) else {"record": found}

    return mutated()


@every_parser
@a_little
@given(data=st.data())
def test_any_json_becomes_rows_or_refusals(name: str, data: st.DataObject) -> None:
    document = data.draw(
        JSON | st.lists(JSON, max_size=4) | st.fixed_dictionaries({"docs": st.lists(JSON, max_size=3)})
    )
    check(name, ENDPOINTS[name].parse(json.dumps(document).encode(), ASKED))


@every_parser
@a_little
@given(body=st.binary(max_size=60) | TEXT.map(lambda text: text.encode("utf-16", "surrogatepass")))
def test_any_bytes_become_rows_or_refusals(name: str, body: bytes) -> None:
    check(name, ENDPOINTS[name].parse(body, ASKED))


@every_parser
@a_little
@given(data=st.data())
def test_any_change_to_a_good_record_leaves_a_row_or_a_refusal(name: str, data: st.DataObject) -> None:
    good = SNAPSHOT[name][data.draw(st.integers(0, len(SNAPSHOT[name]) - 1))]
    changed = data.draw(mutations(good))
    parsed = parse(name, good, changed, good)
    check(name, parsed)
    assert all(refused.position == 2 for refused in parsed.refused)


@every_parser
@a_little
@given(data=st.data())
def test_a_page_cut_or_bent_anywhere_leaves_rows_or_refusals(name: str, data: st.DataObject) -> None:
    body = bytearray(page(*SNAPSHOT[name][:2]))
    place = data.draw(st.integers(0, len(body) - 1))
    if data.draw(st.booleans()):
        del body[place:]
    else:
        body[place : place + 1] = data.draw(st.binary(max_size=3))
    check(name, ENDPOINTS[name].parse(bytes(body), ASKED))
