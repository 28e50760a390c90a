"""The archive is asked for many sensors and all days at once; its answers must be about just those."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug import test as werkzeug

from etl.core.api import Answer
from etl.core.documents import BrokenPageError
from etl.core.errors import ConfigError, SourceContractError, SourceUnavailableError, UsageError
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Endpoint, Part, Source
from etl.settings import SensorsSettings
from etl.simulate import server
from etl.simulate.faults import Fault, Faults
from etl.sources.sensors import contract, make_source, pages
from etl.sources.sensors import simulator as simulated
from etl.sources.sensors.grid import Grid, Sensor
from tests.conftest import client_of
from tests.unit.sources.conftest import answering, ok

NOW = datetime(2024, 6, 1, tzinfo=UTC)
WEEK = DataInterval(date(2024, 1, 1), date(2024, 1, 8))


def source(**settings: Any) -> Source:
    return make_source(SensorsSettings(**settings))


class Direct:
    """The simulator without a network; remembers what it was asked, with its weight."""

    def __init__(self, change: Callable[[Any], Any] = lambda document: document) -> None:
        self.asked: list[tuple[dict[str, str], float]] = []
        self._app = werkzeug.Client(simulated.make_app(with_limits=False))
        self._change = change

    def get(self, path: str, params: Any = None, *, weight: float = 1, accept: str = "application/json") -> Answer:
        self.asked.append((dict(params), weight))
        response = self._app.get(path, query_string=params)
        assert response.status_code == 200, response.text
        document = self._change(response.json)
        return Answer(f"http://it{path}?a=b", 200, json.dumps(document).encode(), {}, NOW)

    def post(self, path: str, document: Any) -> Answer:
        raise AssertionError("the archive is not posted to")


def read(
    one: Source, interval: DataInterval, client: Any = None, first: int = 1, part: Part | None = None
) -> list[Page]:
    endpoint: Endpoint = one.endpoints[0]
    if part is not None:
        assert endpoint.part is not None
        endpoint = endpoint.part(part)
    return list(endpoint.pages(client or Direct(), interval, first))


# What is asked


def test_100_sensors_for_a_year_take_two_requests() -> None:
    client = Direct()
    year = DataInterval(date(2023, 1, 1), date(2024, 1, 1))
    found = read(source(), year, client)
    assert [(page.number, page.records, page.is_last) for page in found] == [(1, 18_250, False), (2, 18_250, True)]
    cost = source().cost
    assert cost is not None
    assert (cost(year).requests, cost(year).weight) == (2, pytest.approx(sum(weight for _, weight in client.asked)))


def test_the_last_day_asked_for_is_the_one_before_the_intervals_end() -> None:
    client = Direct()
    read(source(rows=1, columns=2), WEEK, client)
    ((asked, weight),) = client.asked
    assert asked == {
        "latitude": "52.52,52.52",
        "longitude": "13.355,13.455",
        "start_date": "2024-01-01",
        "end_date": "2024-01-07",
        "daily": "temperature_2m_max,temperature_2m_min,precipitation_sum",
        "timezone": "UTC",
    }
    assert weight == 2


def test_a_tiny_coordinate_is_written_without_exponent() -> None:
    client = Direct()
    read(source(rows=1, columns=3, latitude=0.00001, longitude=0, spacing=0.0001), WEEK, client)
    assert (client.asked[0][0]["latitude"], client.asked[0][0]["longitude"]) == (
        "0.00001,0.00001,0.00001",
        "-0.0001,0,0.0001",
    )


@pytest.mark.parametrize(("days", "weight"), [(1, 1), (14, 1), (46, 1), (140, 3), (365, 365 / 14 * 0.3)])
def test_a_location_weighs_by_its_days(days: int, weight: float) -> None:
    question = pages.Question(1, 10, DataInterval(date(2020, 1, 1), date(2020, 1, 1) + timedelta(days=days)))
    assert question.weight == pytest.approx(10 * weight)


def test_a_page_says_which_sensors_and_days_it_is_about() -> None:
    first, second = read(source(rows=2, columns=3, sensors_per_request=4), WEEK)
    assert (first.about["first"], first.about["last"], second.about["first"], second.about["last"]) == (1, 4, 5, 6)
    assert first.about["grid"] == {
        "rows": 2,
        "columns": 3,
        "latitude": 52.52,
        "longitude": 13.405,
        "spacing": 0.1,
        "zone_size": 2,
    }
    assert (first.about["start"], first.about["end"]) == ("2024-01-01", "2024-01-08")
    assert json.loads(json.dumps(first.about)) == first.about


@pytest.mark.parametrize("first", [1, 2, 3, 4])
def test_reading_resumes_at_any_page(first: int) -> None:
    one = source(rows=1, columns=6, sensors_per_request=2)
    whole = read(one, WEEK)
    assert [page.body for page in read(one, WEEK, first=first)] == [page.body for page in whole[first - 1 :]]


@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(1, 1000),
    st.integers(1, 40_000),
    st.integers(1, 9),
)
def test_each_sensor_is_asked_for_each_day_once_in_pages_of_bounded_size(
    rows: int, columns: int, at_once: int, days: int, parts: int
) -> None:
    interval = DataInterval(date(1941, 1, 1), date(1941, 1, 1) + timedelta(days=days))
    plan = pages.Plan(Grid(rows, columns, 0, 0, 0.1, 2), at_once)
    questions = plan.questions(interval)
    assert all(question.sensors * question.days <= pages.MOST_READINGS for question in questions)
    assert sum(question.sensors * question.days for question in questions) == rows * columns * days
    asked: dict[tuple[int, int], list[DataInterval]] = {}
    for question in questions:
        asked.setdefault((question.first, question.last), []).append(question.interval)
    assert [n for first, last in asked for n in range(first, last + 1)] == list(range(1, rows * columns + 1))
    for pieces in asked.values():
        assert (pieces[0].start, pieces[-1].end) == (interval.start, interval.end)
        assert all(before.end == after.start for before, after in pairwise(pieces))
    shares = [questions[number::parts] for number in range(parts)]
    assert sorted(question.first for share in shares for question in share) == [one.first for one in questions]


def test_40_years_of_50_sensors_are_one_page() -> None:
    plan = pages.Plan(Grid(10, 5, 0, 0, 0.1, 2), 50)
    assert plan.cost(DataInterval(date(1980, 1, 1), date(2020, 1, 1))).requests == 1
    assert plan.cost(DataInterval(date(1960, 1, 1), date(2020, 1, 1))).requests == 2


def test_parts_together_ask_for_what_the_whole_asks_for() -> None:
    one = source(rows=1, columns=5, sensors_per_request=1)
    shares = [read(one, WEEK, part=Part(number, 3)) for number in (1, 2, 3)]
    assert [[page.number for page in share] for share in shares] == [[1, 2], [1, 2], [1]]
    assert [share[-1].is_last for share in shares] == [True] * 3
    assert [[page.about["first"] for page in share] for share in shares] == [[1, 4], [2, 5], [3]]


def test_a_part_for_which_no_request_is_left_has_no_page() -> None:
    assert read(source(rows=1, columns=2), WEEK, part=Part(2, 2)) == []


def test_sensors_are_not_read_without_days() -> None:
    with pytest.raises(UsageError, match="read by days"):
        list(source().endpoints[0].pages(Direct(), None, 1))


# Which days


@pytest.mark.parametrize(
    ("settings", "next_start", "start"),
    [
        ({"days": 10}, None, date(2024, 5, 7)),
        ({"start": "2024-02-01"}, None, date(2024, 2, 1)),
        ({"lookback_days": 5}, date(2024, 5, 17), date(2024, 5, 12)),
        ({"lookback_days": 5}, date(2024, 5, 1), date(2024, 4, 26)),
        ({"lookback_days": 0}, date(2024, 5, 16), date(2024, 5, 16)),
        ({"lookback_days": 0}, date(2024, 5, 17), date(2024, 5, 16)),
        ({"lookback_days": 0}, date(2024, 6, 30), date(2024, 5, 16)),
    ],
)
def test_a_run_without_dates_reads_up_to_yesterday(
    settings: dict[str, Any], next_start: date | None, start: date
) -> None:
    assert source(**settings).interval(next_start, date(2024, 5, 17)) == DataInterval(start, date(2024, 5, 17))


@pytest.mark.parametrize(
    ("settings", "said"), [({"start": "2024-05-17"}, "not over yet"), ({"start": "1939-12-31"}, "begins on 1940-01-01")]
)
def test_a_start_that_the_archive_cannot_serve_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        source(**settings).interval(None, date(2024, 5, 17))


# What is answered


def first_location(change: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any]:
    def changed(document: Any) -> Any:
        document = copy.deepcopy(document)
        change(document[0])
        return document

    return changed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda document: document[:1], "1 locations instead of 2"),
        (lambda document: [*document, document[0]], "3 locations instead of 2"),
        (lambda document: document[0], "1 locations instead of 2"),
        (lambda document: [], "no list of locations"),
        (lambda document: "fine", "no list of locations"),
        (lambda document: {"error": True, "reason": "so it is"}, "the API says: so it is"),
        (lambda document: [document[0], None], "location 1: is not an object"),
        (lambda document: document[::-1], "location 0: location_id is not 0"),
        (lambda document: [document[0], document[0]], "location 1: location_id is not 1"),
        (first_location(lambda one: one.update(latitude=53.5)), "not near"),
        (first_location(lambda one: one.update(longitude=-13.4)), "not near"),
        (first_location(lambda one: one.update(latitude=float("nan"))), "not near"),
        (first_location(lambda one: one.update(longitude=float("inf"))), "not near"),
        (first_location(lambda one: one.pop("longitude")), "not near"),
        (first_location(lambda one: one["daily"]["time"].pop()), "does not have the 7 days"),
        (first_location(lambda one: one["daily"]["time"].reverse()), "does not have the 7 days"),
        (first_location(lambda one: one.update(utc_offset_seconds=3600)), "days of another time zone: 3600 s"),
        (first_location(lambda one: one.update(utc_offset_seconds=None)), "days of another time zone"),
        (first_location(lambda one: one.pop("daily")), "does not have the 7 days"),
    ],
)
def test_an_answer_to_another_question_is_refused(change: Callable[[Any], Any], said: str) -> None:
    with pytest.raises(SourceContractError, match=said) as refused:
        read(source(rows=1, columns=2), WEEK, Direct(change))
    assert "?" not in refused.value.message, "the question is a thousand coordinates long"


def test_values_are_the_parsers_business() -> None:
    def change(document: Any) -> Any:
        document["daily"] = {"time": document["daily"]["time"], "temperature_2m_max": "warm"}
        return document

    assert len(read(source(rows=1, columns=1), WEEK, Direct(change))) == 1


@pytest.mark.parametrize(("asked", "echoed"), [(179.98, -180.0), (-179.98, 180.0)])
def test_the_date_line_is_near_itself(asked: float, echoed: float) -> None:
    sensor = Sensor("SENSOR_0001", "ZONE_1_1", 10.0, asked)
    assert pages._is_near({"latitude": 10, "longitude": echoed}, sensor)


def test_the_real_answer_has_the_shape_that_is_expected(shared: Path) -> None:
    file = shared / "data" / "openmeteo" / "multi_location_archive_hourly_2.json"
    first, second = contract.locations_of(json.loads(file.read_bytes()), 2)
    assert "location_id" not in first
    assert contract.wrong_with_identity(first, 0) is None
    assert contract.wrong_with_identity(second, 1) is None
    assert contract.wrong_with_identity(second, 2) is not None
    known = {"hourly", "hourly_units"}
    assert contract.unknown_fields(first) == contract.unknown_fields(second) == known


def test_the_apis_reason_is_shown() -> None:
    with pytest.raises(BrokenPageError, match="an error without a reason"):
        contract.locations_of({"error": True}, 1)


# Through the real client


def test_one_location_and_one_day_are_enough_to_check() -> None:
    with server.serve(simulated.make_app()) as running, client_of(running.url) as client:
        assert make_source(SensorsSettings(base_url=running.url)).probe(client) == "1 location, 1 day"


def test_an_error_is_shown_with_the_apis_reason() -> None:
    with (
        answering(ok({"error": True, "reason": "Data corrupted"})) as api,
        client_of(api.url) as client,
        pytest.raises(SourceContractError, match="Data corrupted"),
    ):
        source().probe(client)


def test_a_page_that_breaks_off_is_asked_for_again(waits: list[float]) -> None:
    faults = Faults([Fault("broken_stream", times=2), Fault("truncated", times=1)])
    with server.serve(simulated.make_app(faults)) as running, client_of(running.url) as client:
        with pytest.raises(SourceUnavailableError, match="broken JSON"):
            read(source(), WEEK, client)
        assert [page.records for page in read(source(), WEEK, client)] == [350, 350]
    assert len(waits) == 2
