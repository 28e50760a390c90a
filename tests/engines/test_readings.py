"""Silver and gold of sensors: a few observations in, the expected rows out. (That engines agree: test_equality.)"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import IS_THOROUGH
from tests.engines.cases import INSTANTS, MADE, Row, observation, readings
from tests.engines.engines import in_duckdb

GOLD = [name for name in MADE if name.startswith("gold.sensor_")]
FIRST = date(2024, 1, 31)


def silver(*observed: Row) -> list[Row]:
    return in_duckdb(readings("test", list(observed)))["silver.sensor_readings"].records()


def gold(table: str, *observed: Row) -> list[Row]:
    return in_duckdb(readings("test", list(observed), *GOLD))[f"gold.{table}"].records()


def days(sensor: int, *precipitation: float | None, **others: Any) -> list[Row]:
    """Readings of one day after the other."""
    return [
        observation(sensor, FIRST + timedelta(day), precipitation=value, **others)
        for day, value in enumerate(precipitation)
    ]


def test_of_a_day_received_twice_the_latest_is_kept_even_if_it_knows_less() -> None:
    [row] = silver(
        observation(1, FIRST, temperature_max=21.0, received_at=INSTANTS[3]),
        observation(1, FIRST, temperature_max=None, received_at=INSTANTS[4]),
        observation(1, FIRST, temperature_max=23.0, received_at=INSTANTS[2]),
    )
    assert (row["temperature_max"], row["received_at"]) == (None, INSTANTS[4])


def test_the_same_received_twice_is_one_row_and_counts_once() -> None:
    [row] = silver(*[observation(1, FIRST, precipitation=1.5)] * 2)
    assert row["region_total_precipitation"] == 1.5


def test_fahrenheit_average_and_range() -> None:
    [row] = silver(observation(1, FIRST, temperature_max=20.3, temperature_min=-10.1))
    assert (row["temperature_avg"], row["temperature_range"]) == (5.1, 30.4)
    assert (row["temperature_max_f"], row["temperature_min_f"], row["temperature_avg_f"]) == (68.54, 13.82, 41.18)


def test_minus_zero_is_zero() -> None:
    [row] = silver(observation(1, FIRST, temperature_max=-0.0, temperature_min=-0.0, precipitation=-0.0))
    assert not [name for name, value in row.items() if str(value) == "-0.0"]


def test_without_one_of_the_two_there_is_neither_average_nor_range() -> None:
    [row] = silver(observation(1, FIRST, temperature_min=None))
    assert [row[name] for name in ("temperature_avg", "temperature_range", "temperature_avg_f", "temp_category")] == [
        None
    ] * 4
    assert row["temperature_max_f"] == 68.0


def test_a_region_is_taken_together_by_day_of_what_is_known() -> None:
    rows = silver(
        observation(1, FIRST, temperature_max=20.0, temperature_min=10.0, precipitation=0.1),
        observation(2, FIRST, temperature_max=None, temperature_min=10.0, precipitation=0.2),
        observation(3, FIRST, temperature_max=21.0, temperature_min=10.0, precipitation=None),
        observation(4, FIRST, temperature_max=99.0, region="ZONE_9_9", precipitation=None),
        observation(1, FIRST + timedelta(1), temperature_max=None, precipitation=7.0),
    )
    found = {(row["sensor_id"], row["reading_date"]): row for row in rows}
    for sensor in (1, 2, 3):
        row = found[f"SENSOR_{sensor:04}", FIRST]
        assert (row["region_avg_temp"], row["region_total_precipitation"]) == (15.25, 0.3)
    assert found["SENSOR_0004", FIRST]["region_total_precipitation"] is None
    assert found["SENSOR_0001", FIRST + timedelta(1)]["region_avg_temp"] is None
    assert found["SENSOR_0001", FIRST + timedelta(1)]["region_total_precipitation"] == 7.0


def test_a_month_of_a_region() -> None:
    months = gold(
        "sensor_region_months",
        observation(1, FIRST, temperature_max=2.0, temperature_min=-3.0, precipitation=0.0),
        observation(2, FIRST, temperature_max=40.0, temperature_min=20.5, precipitation=3.0),
        observation(1, FIRST + timedelta(1), temperature_max=None, precipitation=None),
    )
    assert [(row["month_start_date"], row["sensors"], row["readings"]) for row in months] == [
        (date(2024, 1, 1), 2, 2),
        (date(2024, 2, 1), 1, 1),
    ]
    january, february = months
    assert (january["temperature_max"], january["temperature_min"], january["temperature_avg"]) == (40.0, -3.0, 14.88)
    assert (january["precipitation_avg"], january["wet_readings"]) == (1.5, 1)
    assert (january["freezing_readings"], january["hot_readings"], january["complete_readings"]) == (1, 1, 2)
    assert (february["temperature_avg"], february["precipitation_avg"], february["wet_readings"]) == (None, None, 0)


def test_of_equal_extremes_the_earliest_day_is_named_and_then_the_first_sensor() -> None:
    extremes = gold("sensor_extremes", *days(2, 1.0, 1.0), *days(1, 0.5, 1.0))
    named = {row["kind"]: (row["sensor_id"], row["reading_date"], row["value"], row["unit"]) for row in extremes}
    assert named == {
        "hottest": ("SENSOR_0001", FIRST, 20.0, "°C"),
        "coldest": ("SENSOR_0001", FIRST, 10.0, "°C"),
        "wettest": ("SENSOR_0002", FIRST, 1.0, "mm"),
        "widest_range": ("SENSOR_0001", FIRST, 10.0, "°C"),
    }


@pytest.mark.parametrize(
    ("precipitation", "last", "length"),
    [
        ([0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 5.0], 5, 3.0),
        ([0.0, 0.0, 5.0, 0.0], 1, 2.0),
        ([0.0, 0.0, None, 0.0, 0.0], 1, 2.0),  # it may have rained
        ([0.0, 0.09], 1, 2.0),  # less than what is called light
    ],
)
def test_driest_is_the_longest_stretch_of_days_without_precipitation(
    precipitation: list[float | None], last: int, length: float
) -> None:
    extremes = gold("sensor_extremes", *days(1, *precipitation), *days(2, 0.0, 9.0))
    [driest] = [row for row in extremes if row["kind"] == "driest"]
    assert (driest["sensor_id"], driest["reading_date"]) == ("SENSOR_0001", FIRST + timedelta(last))
    assert (driest["value"], driest["unit"]) == (length, "days")


@given(
    st.lists(  # of each sensor, day after day: mm, nothing known, or no reading at all
        st.lists(st.sampled_from([0.0, 5.0, None, "no reading"]), min_size=1, max_size=12), min_size=1, max_size=4
    )
)
@settings(max_examples=60 if IS_THOROUGH else 12)
def test_driest_is_what_counting_day_by_day_finds_with_whatever_days_missing(sensors: list[list[Any]]) -> None:
    observed = [
        observation(number, FIRST + timedelta(day), precipitation=mm)
        for number, each in enumerate(sensors, start=1)
        for day, mm in enumerate(each)
        if mm != "no reading"
    ]
    found = [
        (row["value"], row["reading_date"], row["sensor_id"])
        for row in gold("sensor_extremes", *observed)
        if row["kind"] == "driest"
    ]
    assert found == sorted(counted(observed), key=lambda one: (-one[0], one[1], one[2]))[:1]


def counted(observed: list[Row]) -> Iterator[tuple[float, date, str]]:
    """Of each dry day how many days up to it were dry, one after the other."""
    dry = Counter[tuple[str, date]]()
    for row in sorted(observed, key=lambda row: row["reading_date"]):
        sensor, day = row["sensor_id"], row["reading_date"]
        if row["precipitation"] == 0.0:
            dry[sensor, day] = dry[sensor, day - timedelta(1)] + 1
            yield float(dry[sensor, day]), day, sensor


def test_where_nothing_is_known_nothing_is_extreme() -> None:
    assert gold("sensor_extremes", *days(1, None, temperature_max=None, temperature_min=None)) == []


def test_quality_counts_what_is_missing() -> None:
    [row] = gold(
        "sensor_quality",
        observation(1, FIRST),
        observation(2, FIRST, precipitation=None),
        observation(3, FIRST, temperature_max=None, temperature_min=None),
    )
    assert row == {
        "month_start_date": date(2024, 1, 1),
        "readings": 3,
        "complete_readings": 1,
        "complete_rate_pct": 33.33,
        "temperature_max_nulls": 1,
        "temperature_min_nulls": 1,
        "precipitation_nulls": 1,
        "data_quality_score_avg": 66.67,
    }
