"""Data intervals: days in UTC, `[start, end)`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from etl.core.errors import UsageError


def today() -> date:
    """The day it is in UTC."""
    return datetime.now(UTC).date()


@dataclass(frozen=True, order=True)
class DataInterval:
    """The days `[start, end)` in UTC that a run is about."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise UsageError(
                f"The interval ends on {self.end}, not after its start on {self.start}.",
                hint="--to is the first day that is left out: give a later --to or an earlier --from.",
            )

    def __str__(self) -> str:
        return f"[{self.start}, {self.end})"

    @classmethod
    def parse(cls, start: str, end: str) -> DataInterval:
        """From two ISO days. Raises: ValueError, UsageError."""
        return cls(date.fromisoformat(start), date.fromisoformat(end))

    def without(self, others: Iterable[DataInterval]) -> list[DataInterval]:
        """What is left of it when the days of all others are taken away, oldest first."""
        left = [self]
        for other in others:
            halves = [
                half
                for each in left
                for half in ((each.start, min(each.end, other.start)), (max(each.start, other.end), each.end))
            ]
            left = [DataInterval(start, end) for start, end in halves if start < end]
        return left
