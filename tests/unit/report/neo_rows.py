"""Rows of the page of near-Earth objects, made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from etl.report import Row, Run, render
from etl.sources.neo.report import REPORT

RUN = Run("20261128T070000Z-1a2b3c", "neo", "the live API", datetime(2026, 11, 28, 7, 0, 5, tzinfo=UTC))
TODAY = date(2026, 11, 28)


def page(**changes: Sequence[Row]) -> str:
    """The page of forty passes, a year of months and three risks; `changes` replace the rows of a query."""
    return render(REPORT, RUN, {"passes": passes(), "periods": periods(), "risks": risks()} | changes)


def passes() -> list[dict[str, Any]]:
    return [one_pass(n) for n in range(40)]


def one_pass(n: int, **changes: Any) -> dict[str, Any]:
    """The n-th closest of forty, from 20 days ago on."""
    at = datetime(2026, 11, 8, 12, tzinfo=UTC) + timedelta(days=n)
    distance = 0.25 + n / 2
    return {
        "today": TODAY,
        "designation": f"{900_000 + n}",
        "full_name": f"{900_000 + n} (2007 XA{n})",
        "approach_at": at,
        "approach_date": at.date(),
        "attention": "routine",
        "attention_rank": n % 5 + 1,
        "miss_distance_ld": distance,
        "miss_distance_min_ld": distance - 0.1,
        "miss_distance_max_ld": distance + 0.1,
        "diameter_min_km": 0.01 * (n + 1),
        "diameter_max_km": 0.0224 * (n + 1),
        "velocity_km_s": 12.5,
        "is_impact_possible": False,
    } | changes


def periods(number: int = 12, unit: str = "month") -> list[dict[str, Any]]:
    starts = [date(2026, n + 1, 1) if unit == "month" else date(1960 + n, 1, 1) for n in range(number)]
    return [
        {"unit": unit, "period_start_date": start, "attention": "any", "attention_rank": rank, "passes": rank * 10}
        for start in starts
        for rank in range(1, 6)
    ]


def risks() -> list[dict[str, Any]]:
    return [
        risk("(2010 RF12)", -2.97, 0.026, 500),
        risk("(2000 SB45)", -3.75, 0.183, 40),
        risk("900040 (2007 XA1)", -6.5, 0.6, 2),
    ]


def risk(full_name: str, palermo: float, score: float, place: int, **changes: Any) -> dict[str, Any]:
    return {
        "designation": full_name.split(" (")[0].strip("()"),
        "full_name": full_name,
        "impact_probability": 0.1,
        "palermo_cumulative": palermo,
        "torino_max": None,
        "first_year": 2095,
        "last_year": 2122,
        "diameter_km": 0.0071,
        "seed_threat_score": score,
        "last_pass_date": date(2026, 9, 23),
        "place": place,
        "objects": 500,
    } | changes
