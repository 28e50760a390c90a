"""The sensors' page as text: its numbers, its escapes, its bounds."""

from __future__ import annotations

import re
import time

import pytest

from tests.unit.report import sensor_rows
from tests.unit.report.reader import HOSTILE, Reader

CHARTS = {"temperature", "rain", "wet", "warmth", "wetness", "quality"}


@pytest.fixture(scope="module")
def read() -> Reader:
    return Reader(sensor_rows.page())


@pytest.mark.parametrize(
    "sentence",
    [
        "30 sensors · 12,600 readings · 1 Jan 2023 to 29 Feb 2024",
        "Highest temperature 34.5 °C SENSOR_0001 ZONE_1_1 2 Jul 2023",
        "Lowest temperature −12.2 °C SENSOR_0002 ZONE_1_1 3 Jul 2023",
        "Longest dry spell 18 days SENSOR_0005 ZONE_1_1 until 6 Jul 2023",
        "The warmest month was Jul 2023 with a mean of 10.0 °C, the coldest Jan 2023 with 4.0 °C. "
        "The widest range of a day was 21.0 °C, at SENSOR_0004 on 5 Jul 2023.",
        "An average sensor received 767 mm in all; the wettest month was Dec 2023 with 61.0 mm.",
        "33% of the days were wet. The longest dry spell lasted 18 days, at SENSOR_0005 until 6 Jul 2023.",
        "In the 30 days to 29 Feb 2024. Warmest: SENSOR_0030 with 1.9 °C; coolest: SENSOR_0001 with −1.0 °C.",
        "Wettest: SENSOR_0001 with 80.0 mm; driest: SENSOR_0030 with 51.0 mm.",
        "99% of 12,600 readings are complete; 14 lack the highest temperature, 28 lack the lowest temperature "
        "and 42 lack the precipitation. The mean quality score is 99.5 of 100.",
    ],
)
def test_sentences_are_computed_from_the_rows(read: Reader, sentence: str) -> None:
    assert sentence in read.words


def test_every_chart_has_a_message_and_its_numbers_as_a_table(read: Reader) -> None:
    assert set(read.figures) == CHARTS
    assert [read.count(tag) for tag in ("figure", "figcaption", "details", "table")] == [6, 6, 6, 6]
    ids = set(read.attributes("id"))
    assert {name for value in read.attributes("aria-labelledby") for name in str(value).split()} <= ids


def test_figures_hold_every_row(read: Reader) -> None:
    figures = read.figures
    assert [len(trace["y"]) for trace in figures["temperature"]["data"]] == [14] * 5
    assert [round(sum(bar["y"][0] for bar in figures["wet"]["data"]), 1)] == [100.0]
    (marks,) = figures["warmth"]["data"]
    assert (len(marks["x"]), min(marks["marker"]["color"]), max(marks["marker"]["color"])) == (30, -1.0, 1.9)


def test_a_degree_east_is_as_wide_on_the_map_as_on_the_globe(read: Reader) -> None:
    layout = read.figures["warmth"]["layout"]
    assert layout["yaxis"]["scaleanchor"] == "x"
    assert layout["yaxis"]["scaleratio"] == pytest.approx(1 / 0.6129, abs=1e-3)  # the cosine of 52.2 degrees


@pytest.mark.parametrize("places", [sensor_rows.places(1, 1), sensor_rows.places(1, 3), sensor_rows.places(3, 1)])
def test_a_single_row_column_or_sensor_is_a_map_too(places: list[dict[str, object]]) -> None:
    figure = Reader(sensor_rows.page(places=places)).figures["warmth"]
    for axis in ("xaxis", "yaxis"):
        low, high = figure["layout"][axis]["range"]
        assert low < high
    assert all(figure["layout"]["meta"][side] >= 1 for side in ("across", "down"))


def test_sensors_that_are_close_together_share_a_mark_that_says_so() -> None:
    words = Reader(sensor_rows.page(places=sensor_rows.places(sensors=4))).words
    assert "120 sensors ·" in words
    assert "Warmest: SENSOR_0030 and 3 near it with 1.9 °C" in words


def test_of_many_places_the_table_lists_the_highest_and_the_lowest() -> None:
    words = Reader(sensor_rows.page(places=sensor_rows.places(20, 20))).words
    assert "SENSOR_0400 ZONE_10_10 53.900 14.900 38.9" in words
    assert "300 more between SENSOR_0050" in words
    assert "SENSOR_0200 " not in words


def test_sensors_without_recent_readings_are_counted_but_not_drawn() -> None:
    nulls = dict.fromkeys(("region", "latitude", "longitude", "temperature_avg", "precipitation_mm"))
    silent = sensor_rows.places(1, 1)[0] | nulls
    read = Reader(sensor_rows.page(places=[*sensor_rows.places(), silent]))
    assert "31 sensors ·" in read.words
    assert len(read.figures["warmth"]["data"][0]["x"]) == 30


def test_what_is_not_known_leaves_a_gap_rather_than_a_number() -> None:
    unknown = dict.fromkeys(
        ("temperature_min", "temperature_max", "temperature_avg", "coolest_zone_avg", "warmest_zone_avg")
    ) | {"precipitation_mm": None, "wet_readings": 0, "precipitation_nulls": 900, "complete_readings": 0}
    first, *others = sensor_rows.periods()
    read = Reader(sensor_rows.page(periods=[first | unknown, *others]))
    assert len(read.figures["temperature"]["data"][0]["y"]) == 13
    assert "Jan 2023 – – –" in read.words
    nothing = Reader(sensor_rows.page(periods=[first | unknown], extremes=[]))
    assert set(nothing.figures) == {"wet", "warmth", "wetness", "quality"}
    assert "No day is known." in nothing.words


def test_one_month_is_not_compared_with_itself() -> None:
    words = Reader(sensor_rows.page(periods=sensor_rows.periods(1), extremes=[])).words
    assert "The mean of Jan 2023 was 4.0 °C." in words
    assert "warmest month" not in words


def test_empty_tables_say_what_to_run() -> None:
    read = Reader(sensor_rows.empty_page())
    assert "No rows yet. etl run sensors extracts and publishes them." in read.words
    assert read.figures == {}


def test_hostile_names_stay_text(read: Reader) -> None:
    places = [
        row | {"sensor_id": name, "region": name} for row, name in zip(sensor_rows.places(), HOSTILE, strict=False)
    ]
    extremes = [
        row | {"sensor_id": HOSTILE[2], "region": HOSTILE[0], "unit": HOSTILE[5]} for row in sensor_rows.extremes()
    ]
    page = sensor_rows.page(places=places, extremes=extremes)
    hostile = Reader(page)
    assert {tag for tag, _ in hostile.elements} <= {tag for tag, _ in read.elements}
    assert len(hostile.scripts) == 3
    assert not [name for _, attrs in hostile.elements for name in attrs if name.startswith("on")]
    assert HOSTILE[2] in hostile.words
    shown = [text for name in ("warmth", "wetness") for text in hostile.figures[name]["data"][0]["hovertext"]]
    assert {tag for text in shown for tag in re.findall(r"<[^>]*>?", text)} <= {"<br>", "<b>", "</b>"}


def test_the_largest_page_stays_small_and_quick() -> None:
    """161 years and 2,500 places: no warehouse returns more rows, as tests/warehouse/test_report.py proves."""
    periods, places = sensor_rows.periods(161, "year"), sensor_rows.places(50, 50, sensors=4)
    started = time.process_time()
    page = sensor_rows.page(periods=periods, places=places)
    assert time.process_time() - started < 0.5
    assert len(page.encode()) < 6_000_000
