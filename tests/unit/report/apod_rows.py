"""Rows of the page of pictures, made up: as many periods as are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from etl.report import Row, Run, render
from etl.sources.apod.report import REPORT

RUN = Run("20240517T120000Z-1a2b3c", "apod", "the live API", datetime(2024, 5, 17, 12, 0, 5, tzinfo=UTC))


def page(**changes: Sequence[Row]) -> str:
    """The page of 14 months; `changes` replace the rows of a query."""
    return render(REPORT, RUN, {"periods": periods(), "latest": latest()} | changes)


def empty_page() -> str:
    """The page of a warehouse without rows."""
    return render(REPORT, RUN, dict.fromkeys(REPORT.queries, ()))


def periods(number: int = 14, unit: str = "month", missing_days: int = 1) -> list[dict[str, Any]]:
    return [_period(n, unit, missing_days) for n in range(number)]


def _period(n: int, unit: str, missing_days: int) -> dict[str, Any]:
    start = date(1995 + n, 1, 1) if unit == "year" else date(2023 + n // 12, n % 12 + 1, 1)
    return {
        "unit": unit,
        "period_start_date": start,
        "pictures": 30,
        "images": 26,
        "videos": 3,
        "others": 1,
        "with_copyright": 12,
        "missing_days": missing_days,
        "first_picture_date": start,
        "last_picture_date": start + timedelta(days=27),
    }


def latest(**changed: Any) -> list[dict[str, Any]]:
    return [
        {
            "picture_date": date(2024, 2, 28 - n),
            "title": f"Picture {n}",
            "media_type": "image",
            "credit": None if n else "A. Example",
            "page_url": f"https://science.nasa.gov/image-article/{n}/",
        }
        | changed
        for n in range(20)
    ]
