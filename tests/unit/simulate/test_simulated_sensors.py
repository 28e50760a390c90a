"""The simulated archive answers like the real one: shapes, errors, limits, and always the same weather."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from werkzeug import test as werkzeug

from etl.core.errors import SourceContractError, SourceUnavailableError
from etl.core.intervals import DataInterval
from etl.core.pages import PageContext, Parsed
from etl.settings import SensorsSettings
from etl.simulate import server
from etl.simulate.faults import Fault, Faults, parse_fault
from etl.sources.sensors import make_source
from etl.sources.sensors import simulator as sensors
from tests.conftest import client_of

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC).timestamp()
VARIABLES = "temperature_2m_max,temperature_2m_min,precipitation_sum"
YEAR = DataInterval(date(2023, 1, 1), date(2024, 1, 1))


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(clock: Clock) -> werkzeug.Client:
    return werkzeug.Client(sensors.make_app(clock=clock))


def ask(app: werkzeug.Client, **changed: str) -> Any:
    question = {
        "latitude": "52.52",
        "longitude": "13.405",
        "start_date": "2023-01-01",
        "end_date": "2023-01-14",
        "daily": VARIABLES,
        "timezone": "UTC",
    }
    return app.get("/v1/archive", query_string={k: v for k, v in {**question, **changed}.items() if v != ""})


# Shapes


def test_one_location_is_an_object_and_several_are_a_list(app: werkzeug.Client) -> None:
    one = ask(app).json
    several = ask(app, latitude="52.52,53", longitude="13.405,14").json
    assert several[0] == one
    assert "location_id" not in one
    assert several[1]["location_id"] == 1
    assert [len(values) for values in one["daily"].values()] == [14] * 4
    assert one["daily"]["time"][0::13] == ["2023-01-01", "2023-01-14"]
    assert one["daily_units"] == {"time": "iso8601", **sensors.UNITS}


def test_a_location_has_the_fields_of_a_real_one(app: werkzeug.Client, shared: Path) -> None:
    real = json.loads((shared / "data" / "openmeteo" / "multi_location_archive_hourly_2.json").read_bytes())
    simulated = ask(app, latitude="52.52,53", longitude="13.405,14").json
    for ours, theirs in zip(simulated, real, strict=True):
        assert {name.replace("daily", "hourly") for name in ours} == set(theirs)
        for name in set(ours) & set(theirs):
            assert type(ours[name]) is type(theirs[name]), name


def test_coordinates_are_those_of_the_cell(app: werkzeug.Client) -> None:
    one = ask(app).json
    assert (one["latitude"], one["longitude"]) != (52.52, 13.405)
    assert abs(one["latitude"] - 52.52) < 0.04
    assert abs(one["longitude"] - 13.405) < 0.04


def test_without_variables_there_are_no_days(app: werkzeug.Client) -> None:
    assert "daily" not in ask(app, daily="").json


def test_there_is_nothing_else(app: werkzeug.Client) -> None:
    assert app.get("/").status_code == 200
    assert app.get("/v1/forecast").status_code == 404


# Errors


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"start_date": "2023-01-15"}, "End-date must be larger or equals than start-date"),
        ({"latitude": "52,53"}, "must have the same number of elements"),
        ({"latitude": "90.1"}, "Latitude must be in range of -90 to 90°. Given: 90.1."),
        ({"longitude": "-181"}, "Longitude must be in range"),
        ({"latitude": "nan"}, "Latitude must be in range"),
        ({"latitude": "north"}, "must be a list of numbers"),
        ({"latitude": ""}, "must be a list of numbers"),
        ({"daily": "temperature_2m_mid"}, "invalid String value temperature_2m_mid"),
        ({"end_date": "2024-05-18"}, "'end_date' is out of allowed range from 1940-01-01 to 2024-05-17"),
        ({"start_date": "1939-12-31"}, "'start_date' is out of allowed range"),
        ({"start_date": "2023-02-30"}, "Invalid date format"),
        ({"start_date": ""}, "Invalid date format"),
        ({"timezone": "Europe/Berlin"}, "Invalid timezone"),
        ({"latitude": ",".join(["1"] * 1001), "longitude": ",".join(["1"] * 1001)}, "more than 1000 locations"),
    ],
)
def test_an_invalid_request_is_refused_with_a_reason(
    app: werkzeug.Client, changed: dict[str, str], reason: str
) -> None:
    response = ask(app, **changed)
    assert response.status_code == 400
    assert response.json["error"] is True
    assert reason in response.json["reason"]


# Limits


def turned_away(response: Any) -> str | None:
    return response.json["reason"] if response.status_code == 429 else None


def test_a_minute_has_600_calls(app: werkzeug.Client, clock: Clock) -> None:
    assert [turned_away(ask(app)) for _ in range(600)] == [None] * 600
    assert turned_away(ask(app)) == "Minutely API request limit exceeded. Please try again in one minute."
    clock.now += 59
    assert turned_away(ask(app)) is not None
    clock.now += 1
    assert turned_away(ask(app)) is None


def test_the_hour_and_the_day_have_limits_too(app: werkzeug.Client, clock: Clock) -> None:
    many = {"latitude": ",".join(["1"] * 1000), "longitude": ",".join(["1"] * 1000), "end_date": "2023-01-01"}
    said = []
    for _ in range(14):
        said.append(turned_away(ask(app, **many)))
        clock.now += 60
    assert said[:5] == [None] * 5
    assert set(said[5:]) == {"Hourly API request limit exceeded. Please try again in the next hour."}
    clock.now += 3600
    for _ in range(5):
        assert turned_away(ask(app, **many)) is None
        clock.now += 60
    clock.now += 3600
    assert turned_away(ask(app, **many)) == "Daily API request limit exceeded. Please try again tomorrow."
    clock.now += 86_400
    assert turned_away(ask(app, **many)) is None


@pytest.mark.parametrize(
    ("locations", "end", "admitted"), [(100, "2023-01-14", 6), (100, "2023-12-31", 1), (1, "2023-12-31", 77)]
)
def test_a_large_request_counts_as_many(app: werkzeug.Client, locations: int, end: str, admitted: int) -> None:
    many = {"latitude": ",".join(["1"] * locations), "longitude": ",".join(["1"] * locations), "end_date": end}
    said = [turned_away(ask(app, **many)) for _ in range(admitted + 1)]
    assert said[:-1] == [None] * admitted
    assert said[-1] is not None


def test_invalid_requests_cost_nothing(app: werkzeug.Client) -> None:
    for _ in range(601):
        ask(app, latitude="91")
    assert turned_away(ask(app)) is None


def test_there_may_be_no_limits(clock: Clock) -> None:
    app = werkzeug.Client(sensors.make_app(with_limits=False, clock=clock))
    assert {ask(app).status_code for _ in range(601)} == {200}


# Weather


def test_a_day_has_the_same_weather_whoever_asks(app: werkzeug.Client, clock: Clock) -> None:
    whole = ask(app, start_date="2022-01-01", end_date="2023-12-31").json["daily"]
    another = werkzeug.Client(sensors.make_app(clock=clock))
    some = ask(another, latitude="1,52.52", longitude="1,13.405", start_date="2022-03-01", end_date="2022-03-31").json[
        1
    ]
    begin = whole["time"].index("2022-03-01")
    assert all(some["daily"][name] == whole[name][begin : begin + 31] for name in whole)


def test_the_weather_is_the_same_wherever_and_whenever_the_program_runs(app: werkzeug.Client) -> None:
    assert ask(app, end_date="2023-01-04").json["daily"] == {
        "time": ["2023-01-01", "2023-01-02", "2023-01-03", "2023-01-04"],
        "temperature_2m_max": [4.4, 2.5, 1.8, 5.1],
        "temperature_2m_min": [-7.2, -2.7, -1.8, -1.9],
        "precipitation_sum": [0.0, 0.0, 4.3, 0.0],
    }


def berlin(app: werkzeug.Client) -> Iterator[dict[str, Any]]:
    grid = [(52.07 + row / 10, 12.955 + column / 10) for row in range(10) for column in range(10)]
    latitudes, longitudes = (",".join(f"{place[at]:.3f}" for place in grid) for at in (0, 1))
    for one in ask(app, latitude=latitudes, longitude=longitudes, end_date="2023-12-31").json:
        yield one["daily"]


def test_every_kind_of_day_occurs_around_berlin_within_a_year(app: werkzeug.Client) -> None:
    warmth: Counter[int] = Counter()
    wetness: Counter[int] = Counter()
    values, nulls = 0, 0
    for daily in berlin(app):
        highs, lows, rain = (daily[name] for name in VARIABLES.split(","))
        for high, low, wet in zip(highs, lows, rain, strict=True):
            if high is not None and low is not None:
                assert -45 < low < high < 50
                warmth[sum((high + low) / 2 >= bound for bound in (0, 10, 20, 30))] += 1
            if wet is not None:
                assert 0 <= wet < 200
                wetness[sum(wet >= bound for bound in (0.1, 2.5, 10, 50))] += 1
            values += 3
            nulls += sum(one is None for one in (high, low, wet))
    assert set(warmth) == set(wetness) == set(range(5))
    assert 300 < values / nulls < 800


def test_values_have_one_decimal(app: werkzeug.Client) -> None:
    for daily in berlin(app):
        for name in VARIABLES.split(","):
            assert all(one is None or round(one, 1) == one for one in daily[name])


def test_july_is_warm_in_the_north_and_cold_in_the_south(app: werkzeug.Client) -> None:
    months = [("2023-01-01", "2023-01-31"), ("2023-07-01", "2023-07-31")]
    for latitude, colder_first in (("52", True), ("-52", False)):
        january, july = (
            sum(
                x or 0
                for x in ask(app, latitude=latitude, start_date=a, end_date=b).json["daily"]["temperature_2m_max"]
            )
            for a, b in months
        )
        assert (january < july) is colder_first


@pytest.mark.parametrize("latitude", ["-90", "0", "90"])
def test_no_place_has_weather_that_cannot_be(app: werkzeug.Client, latitude: str) -> None:
    daily = ask(app, latitude=latitude, start_date="1940-01-01", end_date="2024-05-16").json["daily"]
    assert min(one for one in daily["temperature_2m_min"] if one is not None) > -89
    assert max(one for one in daily["temperature_2m_max"] if one is not None) < 60


# Our source against it


def read(*plan: Fault, interval: DataInterval = YEAR) -> list[tuple[str, Parsed]]:
    with server.serve(sensors.make_app(Faults(list(plan)))) as running, client_of(running.url) as client:
        source = make_source(SensorsSettings(base_url=running.url))
        (endpoint,) = source.endpoints
        pages = list(endpoint.pages(client, interval, 1))
    return [(page.url, endpoint.parse(page.body, PageContext(page.about, page.received_at))) for page in pages]


def test_100_sensors_and_a_year_take_two_requests() -> None:
    found = read()
    assert [(parsed.records, parsed.refused, parsed.unknown_fields) for _, parsed in found] == [
        (18_250, (), frozenset())
    ] * 2
    keys = [
        (row["sensor_id"], row["reading_date"])
        for _, parsed in found
        for row in parsed.batches["sensor_observations"].select(["sensor_id", "reading_date"]).to_pylist()
    ]
    assert len(keys) == 36_500
    assert all(before < after for before, after in pairwise(keys))


@pytest.mark.parametrize("name", ["truncated", "broken_stream", "cut", "server_error", "rate_limit"])
def test_what_waiting_helps_is_retried(name: str) -> None:
    week = DataInterval(date(2024, 1, 1), date(2024, 1, 8))  # light enough for the limits of a minute
    assert [parsed.records for _, parsed in read(Fault(name, retry_after=0), interval=week)] == [350] * 2


@pytest.mark.parametrize("name", ["empty", "bad_date", "duplicate", "malformed", "changed_field", "nan"])
def test_an_answer_of_another_shape_ends_the_run(name: str) -> None:
    with pytest.raises(SourceContractError, match="did not answer what was asked"):
        read(Fault(name))


@pytest.mark.parametrize(
    ("fault", "refused"),
    [
        ("malformed:daily.temperature_2m_max", ["float_type"]),
        ("malformed:daily_units.temperature_2m_max", ["literal_error"]),
        ("string_cores:daily_units", ["missing"]),
    ],
)
def test_a_broken_value_is_one_refusal(fault: str, refused: list[str]) -> None:
    (_, first), (_, second) = read(parse_fault(fault))
    assert [one.kind for one in first.refused] == refused
    assert second.refused == ()


def test_a_client_without_a_budget_is_turned_away() -> None:
    ten_years = DataInterval(date(2013, 1, 1), date(2023, 1, 1))
    with pytest.raises(SourceUnavailableError, match="429"):
        read(interval=ten_years)
