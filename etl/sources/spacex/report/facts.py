"""The few numbers derived from rows of gold; the rows' columns are those of `sql/report/spacex/<name>.sql`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from etl.report import Row, Rows

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


def by_year(launch_statistics: Rows) -> list[Year]:
    """Years with a launch, oldest first."""
    years = sorted({int(row["launch_year"]) for row in launch_statistics})
    return [_year(year, launch_statistics) for year in years]


def _year(year: int, statistics: Rows) -> Year:
    rows = [row for row in statistics if row["launch_year"] == year]
    columns = ("launches", "successes", "failures", "landings_tried", "landings_made")
    return Year(year, *(sum(int(row[column]) for row in rows) for column in columns))


def most_reused_first(core_usage: Rows) -> list[Row]:
    """Cores that have flown."""
    return sorted(core_usage, key=lambda row: (-int(row["reuses"]), core_name(row)))


def most_reuses(core_usage: Rows) -> int | None:
    """The largest number of times a core has been reused; None before any core has flown."""
    return max((int(row["reuses"]) for row in core_usage), default=None)


def in_flown_order(core_reuses: Rows) -> list[Row]:
    """Reuses in the order they flew."""
    return sorted(core_reuses, key=lambda row: (row["launched_at"], row["core_id"]))


def soon(core_reuses: Rows) -> list[Row]:
    """Reuses less than 50 days after the core's previous launch, quickest first."""
    quick = (row for row in core_reuses if row["days_since_previous"] < SOON_DAYS)
    return sorted(quick, key=lambda row: (row["days_since_previous"], row["core_id"], row["launched_at"]))


def core_name(row: Row) -> str:
    """The core's serial; where the source has none, the end of its id, which is what tells ids apart."""
    serial = row["serial"]
    return str(serial) if serial else f"…{str(row['core_id'])[-6:]}"


def days(value: float) -> str:
    """Days with one decimal; 49.97 is less than 50 and reads as 49.9."""
    return f"{math.floor(value * 10) / 10 if value < SOON_DAYS <= round(value, 1) else value:.1f}"
