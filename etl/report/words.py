"""Numbers and dates as a reader meets them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime


def plural(number: int, one: str, many: str | None = None) -> str:
    """`1 launch`, `187 launches`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(part: float, whole: float) -> str:
    """A whole percentage that says 100% (or 0%) only if it is exactly that."""
    share = 100 * part / whole
    return f"{share:.0f}%" if part in (0, whole) else f"{min(max(round(share), 1), 99)}%"


def day(value: date) -> str:
    """`4 Jun 2010`, in UTC."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC)
    return f"{value.day} {value:%b %Y}"


def period(start: date, unit: str) -> str:
    """`May 2024`, or `2024` if the unit is a year."""
    return str(start.year) if unit == "year" else f"{start:%b %Y}"


def instant(value: datetime) -> str:
    """`4 Jun 2010, 18:45 UTC`."""
    value = value.astimezone(UTC)
    return f"{day(value)}, {value:%H:%M} UTC"


def listing(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
