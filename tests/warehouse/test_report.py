"""The rows of the sensors' page, as the warehouse returns them: what silver says, and never more than fit a page."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from etl.core.intervals import DataInterval
from etl.lake.store import Lake
from etl.postgres.connection import Warehouse
from etl.report import write as pages
from etl.simulate import server
from etl.sources import reports
from etl.sources.sensors import simulator as sensors
from tests.warehouse.test_sensors import pipeline_on

TODAY = date(2026, 6, 21)
Rows = list[dict[str, Any]]


def publish(warehouse: Warehouse, lake: Lake, days: int, **grid: int) -> None:
    with (
        server.serve(sensors.make_app(with_limits=False)) as running,
        pipeline_on(running.url, lake, days=days, sensors_per_request=100, **grid) as (pipeline, client),
    ):
        pipeline.run(client, warehouse, DataInterval(TODAY - timedelta(days=days), TODAY))


def mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known)


def test_periods_and_places_are_what_silver_says(warehouse: Warehouse, lake: Lake, tmp_path: Path) -> None:
    publish(warehouse, lake, days=100)
    readings = warehouse.execute("select * from silver.sensor_readings")
    months: dict[date, Rows] = defaultdict(list)
    for row in readings:
        months[row["reading_date"].replace(day=1)].append(row)
    periods = warehouse.run("report/sensors/periods")
    assert [(row["unit"], row["period_start_date"]) for row in periods] == [
        ("month", start) for start in sorted(months)
    ]
    for row in periods:
        of_month = months[row["period_start_date"]]
        assert row["readings"] == len(of_month)
        assert row["temperature_max"] == max(r["temperature_max"] for r in of_month if r["temperature_max"] is not None)
        assert row["temperature_avg"] == pytest.approx(mean([r["temperature_avg"] for r in of_month]), abs=0.05)
        days = len({r["reading_date"] for r in of_month})
        assert row["precipitation_mm"] == pytest.approx(mean([r["precipitation"] for r in of_month]) * days, abs=1)
        assert row["precipitation_nulls"] == sum(r["precipitation"] is None for r in of_month)

    places = warehouse.run("report/sensors/places")
    assert [row["sensor_id"] for row in places] == sorted({row["sensor_id"] for row in readings})
    assert {(row["first_date"], row["last_date"]) for row in places} == {
        (TODAY - timedelta(days=100), TODAY - timedelta(days=1))
    }
    for place in places:
        last = [
            r for r in readings if r["sensor_id"] == place["sensor_id"] and r["reading_date"] >= TODAY - timedelta(30)
        ]
        assert place["sensors"] == 1
        assert (place["latitude"], place["longitude"]) == (last[0]["latitude"], last[0]["longitude"])
        assert place["temperature_avg"] == pytest.approx(mean([r["temperature_avg"] for r in last]))

    pages.write(reports.load("sensors"), "sensors", warehouse.run, tmp_path / "report.html")
    assert "12 sensors · 1,200 readings" in (tmp_path / "report.html").read_text()


@pytest.mark.thorough
def test_sensors_that_are_close_together_share_one_of_2500_places(warehouse: Warehouse, lake: Lake) -> None:
    publish(warehouse, lake, days=1, rows=60, columns=70)
    places = warehouse.run("report/sensors/places")
    assert len(places) <= 2500
    assert sum(row["sensors"] for row in places) == 60 * 70


def test_no_place_is_shared_while_each_sensor_can_have_its_own(warehouse: Warehouse, lake: Lake) -> None:
    publish(warehouse, lake, days=1, rows=1, columns=50)
    assert [row["sensors"] for row in warehouse.run("report/sensors/places")] == [1] * 50


@pytest.mark.thorough
def test_more_than_ten_years_are_shown_by_year(warehouse: Warehouse, lake: Lake) -> None:
    publish(warehouse, lake, days=4000, rows=1, columns=1)
    periods = warehouse.run("report/sensors/periods")
    assert [(row["unit"], row["period_start_date"].year) for row in periods] == [("year", y) for y in range(2015, 2027)]
    assert sum(row["readings"] for row in periods) == 4000
