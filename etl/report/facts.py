"""What the page is about: rows of gold as they are published, and the few numbers derived from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

Row = Mapping[str, Any]

SOON_DAYS = 50
TOP_CORES = 12


@dataclass(frozen=True)
class Year:
    """All rockets' launches of one calendar year (UTC)."""

    year: int
    launches: int
    successes: int
    failures: int
    landings_tried: int
    landings_made: int

    @property
    def not_known(self) -> int:
        return self.launches - self.successes - self.failures


@dataclass(frozen=True)
class Facts:
    """One run and the rows of gold it left published; the rows' columns are those of `sql/gold/<name>.sql`.

    `source` is the source's name, `origin` says in words where its data came from: the live API or the simulator.
    """

    run_id: str
    source: str
    origin: str
    published_at: datetime
    launch_statistics: Sequence[Row]
    core_usage: Sequence[Row]
    core_reuses: Sequence[Row]

    @cached_property
    def years(self) -> tuple[Year, ...]:
        """Years with a launch, oldest first."""
        years = sorted({int(row["launch_year"]) for row in self.launch_statistics})
        return tuple(_year(year, self.launch_statistics) for year in years)

    @cached_property
    def cores(self) -> tuple[Row, ...]:
        """Cores that have flown, most reused first."""
        return tuple(sorted(self.core_usage, key=lambda row: (-int(row["reuses"]), core_name(row))))

    @cached_property
    def reuses(self) -> tuple[Row, ...]:
        """Reuses in the order they flew."""
        return tuple(sorted(self.core_reuses, key=lambda row: (row["launched_at"], row["core_id"])))

    @cached_property
    def soon(self) -> tuple[Row, ...]:
        """Reuses less than 50 days after the core's previous launch, quickest first."""
        quick = (row for row in self.core_reuses if row["days_since_previous"] < SOON_DAYS)
        return tuple(sorted(quick, key=lambda row: (row["days_since_previous"], row["core_id"], row["launched_at"])))

    @cached_property
    def most_reuses(self) -> int | None:
        """The largest number of times a core has been reused; None before any core has flown."""
        return max((int(row["reuses"]) for row in self.core_usage), default=None)

    @property
    def record_holders(self) -> tuple[Row, ...]:
        return tuple(row for row in self.cores if row["reuses"] == self.most_reuses)

    @property
    def launches(self) -> int:
        return sum(year.launches for year in self.years)

    @property
    def landings_tried(self) -> int:
        return sum(year.landings_tried for year in self.years)


def core_name(row: Row) -> str:
    """The core's serial; where the source has none, the end of its id, which is what tells ids apart."""
    serial = row["serial"]
    return str(serial) if serial else f"…{str(row['core_id'])[-6:]}"


def _year(year: int, statistics: Sequence[Row]) -> Year:
    rows = [row for row in statistics if row["launch_year"] == year]
    columns = ("launches", "successes", "failures", "landings_tried", "landings_made")
    return Year(year, *(sum(int(row[column]) for row in rows) for column in columns))
