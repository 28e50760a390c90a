"""Rows of the page of photos, made up: as many periods as are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from etl.report import Row, Run, render
from etl.sources.mars.report import REPORT

RUN = Run("20240517T120000Z-1a2b3c", "mars", "the live API", datetime(2024, 5, 17, 12, 0, 5, tzinfo=UTC))


def page(**changes: Sequence[Row]) -> str:
    """The page of 14 days; `changes` replace the rows of a query."""
    return render(REPORT, RUN, {"periods": periods(), "latest": latest()} | changes)


def empty_page() -> str:
    """The page of a warehouse without rows."""
    return render(REPORT, RUN, dict.fromkeys(REPORT.queries, ()))


def periods(number: int = 14, unit: str = "day") -> list[dict[str, Any]]:
    return [_period(n, unit, rover) for n in range(number) for rover in ("curiosity", "perseverance")]


def _period(n: int, unit: str, rover: str) -> dict[str, Any]:
    starts = {
        "day": date(2024, 5, 1) + timedelta(days=n),
        "month": date(2023 + n // 12, n % 12 + 1, 1),
        "year": date(2012 + n, 1, 1),
    }
    return {
        "unit": unit,
        "rover": rover,
        "period_start_date": starts[unit],
        "photos": 40 if rover == "curiosity" else 60,
        "thumbnails": 20,
        "days": 1,
        "first_taken_date": starts[unit],
        "last_taken_date": starts[unit],
    }


def latest(**changed: Any) -> list[dict[str, Any]]:
    return [
        {
            "rover": "curiosity",
            "taken_date": date(2024, 5, 28 - n),
            "sol": 4_200 - n,
            "camera": "MAST_LEFT",
            "camera_family": "mast",
            "title": None if n else "Sol 4200: Mast Camera",
            "credit": "NASA/JPL-Caltech",
            "page_url": f"https://mars.nasa.gov/raw_images/{n}",
        }
        | changed
        for n in range(20)
    ]
