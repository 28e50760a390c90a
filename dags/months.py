"""The months of a backfill: what the pod of each one is asked to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from airflow.sdk.exceptions import AirflowFailException


def calls(params: Mapping[str, Any]) -> list[list[str]]:
    """For each month, or what is left of it between the two days, the arguments of `etl`; oldest first."""
    start, end = (date.fromisoformat(params[name]) for name in ("start_date", "end_date"))
    if start >= end:
        raise AirflowFailException(f"The interval ends on {end}, not after its start on {start}.")
    to = ["--destination", params["destination"]]
    return [["backfill", params["source"], "--from", str(a), "--to", str(b), *to] for a, b in _cut(start, end)]


def _cut(start: date, end: date) -> Iterator[tuple[date, date]]:
    """As `etl backfill --every 1month` does, so that each knows what the other has published."""
    while start < end:
        following = date(start.year + start.month // 12, start.month % 12 + 1, 1)
        yield start, min(following, end)
        start = following
