"""Days as Postgres writes them."""

from __future__ import annotations

from collections.abc import Iterable

from etl.core.intervals import DataInterval


def multirange(days: Iterable[DataInterval]) -> str:
    """A datemultirange: `{[2024-01-01,2024-01-03),…}`."""
    return "{" + ",".join(f"[{some.start},{some.end})" for some in days) + "}"
