"""Writes what was measured as docs/benchmarks-day.md."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.bench.page import count, machine, mark, table, version_of

if TYPE_CHECKING:
    from tests.bench.day import Ways

WAYS = {
    "etl": "etl: staged, audited, published, gold, ledger",
    "keyed upsert": "COPY and `on conflict do update` into one keyed table: **the limit**",
    "dlt delete-insert": "dlt `merge`, delete-insert",
    "dlt upsert": "dlt `merge`, upsert",
}
GROWTH, SECONDS, WAL_MB, READ_MS, BLOAT = 1.3, 3.0, 30.0, 100.0, 1.2


def render(measured: Sequence[Ways]) -> str:
    """The page, in Markdown."""
    return "\n".join([_head(), _goals(measured), _by_size(measured), _steps(measured)])


def _head() -> str:
    packages = ("psycopg2-binary", "pyarrow", "pgpq", "dlt")
    versions = ", ".join(f"{name} {found}" for name in packages if (found := version_of(name)))
    return f"""# Benchmarks: one more day

Written by `make bench-day` (`python -m tests.bench.day`) on {datetime.now(UTC):%Y-%m-%d}. Do not edit: run it again.

- Machine: {machine()}.
- The embedded PostgreSQL 18, with Postgres' own default settings. {versions}.

10,000 sensors. Each day a run reads 6 days: 60,000 rows, of which 10,000 are new, about 500 differ from what is
published, and the others are equal. All ways get the same rows, take turns, and start after a checkpoint; figures are
medians of the days at a size. dlt's seconds include its own files, load and merge, but no audits, gold or ledger. It
has loaded the newest month and the days itself; the rest of its history was copied into its tables by SQL.
"""


def _goals(measured: Sequence[Ways]) -> str:
    first, last = measured[0], measured[-1]
    growth = _median(last, "etl") / _median(first, "etl")
    wal = max(statistics.median(one.wal_mb) for one in measured)
    longest = max(max(one.longest_read_ms) for one in measured)
    rows = [
        (f"{count(last.rows)} against {count(first.rows)}", f"≤ {GROWTH} ×", f"{growth:.2f} ×", mark(growth <= GROWTH)),
        (
            f"a day on {count(last.rows)}",
            f"≤ {SECONDS:.0f} s",
            f"{_median(last, 'etl'):.1f} s",
            mark(_median(last, "etl") <= SECONDS),
        ),
        ("write-ahead log of a day", f"≤ {WAL_MB:.0f} MB", f"{wal:.0f} MB", mark(wal <= WAL_MB)),
        ("the longest read meanwhile", f"≤ {READ_MS:.0f} ms", f"{longest:.0f} ms", mark(longest <= READ_MS)),
    ]
    for one, goal in ((one, 0.5 if one.rows < 1e7 else 0.2) for one in measured if one.rows > 1e6):
        if "dlt delete-insert" in one.seconds:
            ratio = _median(one, "etl") / _median(one, "dlt delete-insert")
            rows.append((f"against dlt on {count(one.rows)}", f"≤ {goal} ×", f"{ratio:.2f} ×", mark(ratio <= goal)))
    if last.bloat:
        days, before, after = last.bloat
        grown = after / before
        rows.append((f"bytes a row after {days} more days", f"≤ {BLOAT} ×", f"{grown:.2f} ×", mark(grown <= BLOAT)))
    return "## Goals\n\n" + table(("What", "Goal", "Measured", "Reached"), rows)


def _by_size(measured: Sequence[Ways]) -> str:
    rows = [
        (WAYS[way], *(f"{_median(one, way):.2f}" if way in one.seconds else "–" for one in measured))
        for way in WAYS
        if any(way in one.seconds for one in measured)
    ]
    return "## Seconds of a day\n\n" + table(("Way", *(f"on {count(one.rows)}" for one in measured)), rows)


def _steps(measured: Sequence[Ways]) -> str:
    rows = []
    for one in measured:
        steps = {name: statistics.median(each[name] for each in one.steps) for name in one.steps[0]}
        wal, month = statistics.median(one.wal_mb), statistics.median(one.month_s or [0])
        rows.append(
            (
                count(one.rows),
                *(f"{seconds:.2f}" for seconds in steps.values()),
                f"{wal:.1f}",
                f"{max(one.longest_read_ms):.0f}",
                f"{month:.1f}",
            )
        )
    heads = ("Published", *measured[0].steps[0], "WAL, MB", "longest read, ms", "a whole new month, s")
    return "## Ours, by step\n\n" + table(heads, rows)


def _median(one: Ways, way: str) -> float:
    return statistics.median(one.seconds[way])
