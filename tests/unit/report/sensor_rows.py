"""Rows of the sensors' page, made up: as many periods and places as are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from etl.report import Row, Run, render
from etl.sources.sensors.report import REPORT

RUN = Run("20240517T120000Z-1a2b3c", "sensors", "the live API", datetime(2024, 5, 17, 12, 0, 5, tzinfo=UTC))
KINDS = {
    "hottest": (34.5, "°C"),
    "coldest": (-12.25, "°C"),
    "wettest": (40.1, "mm"),
    "widest_range": (21.0, "°C"),
    "driest": (18.0, "days"),
}


def page(**changes: Sequence[Row]) -> str:
    """The page of 14 months of 30 sensors; `changes` replace the rows of a query."""
    return render(REPORT, RUN, {"periods": periods(), "places": places(), "extremes": extremes()} | changes)


def empty_page() -> str:
    """The page of a warehouse without rows."""
    return render(REPORT, RUN, dict.fromkeys(REPORT.queries, ()))


def periods(number: int = 14, unit: str = "month") -> list[dict[str, Any]]:
    return [_period(n, unit) for n in range(number)]


def _period(n: int, unit: str) -> dict[str, Any]:
    start = date(1940 + n, 1, 1) if unit == "year" else date(2023 + n // 12, n % 12 + 1, 1)
    mean = 10.0 - abs(n % 12 - 6)
    return {
        "unit": unit,
        "period_start_date": start,
        "temperature_min": mean - 12,
        "temperature_max": mean + 11.5,
        "temperature_avg": mean,
        "coolest_zone_avg": mean - 1,
        "warmest_zone_avg": mean + 1.5,
        "precipitation_mm": 50.0 + n % 12,
        "wet_readings": 300,
        "readings": 900,
        "complete_readings": 897,
        "temperature_max_nulls": 1,
        "temperature_min_nulls": 2,
        "precipitation_nulls": 3,
        "quality_score_avg": 99.5,
    }


def places(rows: int = 5, columns: int = 6, sensors: int = 1) -> list[dict[str, Any]]:
    return [_place(n, *divmod(n, columns), sensors) for n in range(rows * columns)]


def _place(n: int, row: int, column: int, sensors: int) -> dict[str, Any]:
    return {
        "sensors": sensors,
        "sensor_id": f"SENSOR_{n + 1:04}",
        "region": f"ZONE_{row // 2 + 1}_{column // 2 + 1}",
        "latitude": 52.0 + row / 10,
        "longitude": 13.0 + column / 10,
        "temperature_avg": -1.0 + n / 10,
        "precipitation_mm": 80.0 - n,
        "first_date": date(2023, 1, 1),
        "last_date": date(2024, 2, 29),
    }


def extremes() -> list[dict[str, Any]]:
    return [
        {
            "kind": kind,
            "value": value,
            "unit": unit,
            "sensor_id": f"SENSOR_{n:04}",
            "region": "ZONE_1_1",
            "reading_date": date(2023, 7, 1) + timedelta(days=n),
        }
        for n, (kind, (value, unit)) in enumerate(KINDS.items(), 1)
    ]
