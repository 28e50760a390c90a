"""Data intervals: days in UTC, `[start, end)`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise


def today() -> date:
    """The current day in UTC."""
    return datetime.now(UTC).date()


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """The first day of the month after the one that begins on that day."""
    return month_of(month + timedelta(days=31))


@dataclass(frozen=True, order=True)
class DataInterval:
    """The days `[start, end)` that a run covers. Raises: ValueError unless it ends after it starts."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"The interval ends on {self.end}, not after its start on {self.start}.")

    def __str__(self) -> str:
        return f"[{self.start}, {self.end})"

    @classmethod
    @lru_cache(2**12)  # a listing reads the same days from many notes
    def parse(cls, start: str, end: str) -> DataInterval:
        """From two ISO dates. Raises: ValueError."""
        return cls(date.fromisoformat(start), date.fromisoformat(end))

    def within(self, other: DataInterval) -> DataInterval | None:
        """The days that both have."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return DataInterval(start, end) if start < end else None

    def pieces(self, most_days: int) -> list[DataInterval]:
        """As few intervals as possible, all of about the same length."""
        days = (self.end - self.start).days
        count = math.ceil(days / most_days)
        bounds = [self.start + timedelta(days=days * index // count) for index in range(count + 1)]
        return [DataInterval(start, end) for start, end in pairwise(bounds)]

    def without(self, others: Iterable[DataInterval]) -> list[DataInterval]:
        """What remains of it without the days of the others, oldest first."""
        left = [self]
        for other in others:
            halves = [
                half
                for each in left
                for half in ((each.start, min(each.end, other.start)), (max(each.start, other.end), each.end))
            ]
            left = [DataInterval(start, end) for start, end in halves if start < end]
        return left


def months(intervals: Iterable[DataInterval]) -> list[date]:
    """The first days of all months that the intervals touch, in order."""
    found = set()
    for interval in intervals:
        month = month_of(interval.start)
        while month < interval.end:
            found.add(month)
            month = next_month(month)
    return sorted(found)
