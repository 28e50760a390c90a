"""Writes what was measured as docs/benchmarks-scale.md."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.bench.page import count, machine, mark, table, version_of

if TYPE_CHECKING:
    from tests.bench.scale import Found, Step

PACKAGES = ("duckdb", "pyarrow", "pydantic-core", "requests", "pyspark")
ABOUT = {
    "extract": "extract",
    "transform, local": "transform (silver), local",
    "publish, local": "gold, local",
    "transform, spark": "transform (silver), Spark",
    "publish, spark": "gold, Spark",
}
GROWTH = 1.05  # of the cost of a row: what one run differs from the next
MEMORY_BYTES = 1e9


def render(measured: Sequence[Found]) -> str:
    """The page, in Markdown."""
    return "\n".join([_head(measured), _goals(measured), _steps(measured), _limit(measured), _pattern(measured)])


def _head(measured: Sequence[Found]) -> str:
    versions = ", ".join(f"{name} {found}" for name in PACKAGES if (found := version_of(name)))
    without = "".join(f"\nSpark is left out: {reason}\n" for reason in {one.without_spark for one in measured} - {""})
    sizes = table(
        ("Rows", "Sensors", "Days", "`ETL_SENSORS__SENSORS_PER_REQUEST`", "Rounds", "Bronze", "Silver"),
        (
            (
                count(one.size.rows),
                f"{one.size.side**2:,}",
                f"{one.size.days:,}",
                str(one.size.at_once),
                str(one.size.rounds),
                _mb(one.bytes["bronze"]),
                _mb(one.bytes["silver"]),
            )
            for one in measured
        ),
    )
    return f"""# Benchmarks: the sensors at scale

Written by `make bench-scale` (`python -m tests.bench.scale`) on {datetime.now(UTC):%Y-%m-%d}.
Do not edit: run it again.

- Machine: {machine()}.
- Python {platform.python_version()}, {versions}.
{without}
{sizes}
Each step is a process as a user starts it: `etl extract`, `etl transform`, `etl publish --destination lake`, with the
defaults except for the settings above, a lake in a directory, and `etl simulate sensors --without-limits` as the API in
a process of its own (which uses the same two cores to produce its answers).

- *Seconds* are those of the step, from its log line; *process* also includes starting Python, its modules and the
  embedded Postgres. With several rounds, the median.
- *Peak memory* is that of the process and all its children (the parsers', Spark's), with shared memory counted once
  (PSS), sampled up to ten times a second. The simulator and the embedded Postgres are not included.
- Extraction charges its budget in the embedded Postgres before each request, as always; the limits are set so high that
  none is reached.
"""


def _goals(measured: Sequence[Found]) -> str:
    found = {one.size.rows: one for one in measured}
    rows = []
    if small := found.get(36_500):
        seconds = small.steps["run"].seconds
        rows.append(
            ("36,500 rows, `etl run` with all its steps", "< 3 s", f"{seconds:.2f} s", mark(seconds < 3)),
        )
    if large := found.get(36_500_000):
        ratio = _limit_s(large) / _ours_s(large)
        rows.append(
            ("36.5 million rows, bronze to gold, against the limit", "≥ 0.5", f"{ratio:.2f}", mark(ratio >= 0.5))
        )
        unread = _limit_s(large, "gunzip") / _ours_s(large)
        rows.append(("the same against a limit that only unzips the pages", "", f"{unread:.2f}", ""))
        peak = max(step.peak_bytes for name, step in large.steps.items() if "spark" not in name)
        rows.append(("peak memory for those", "< 1 GB", _mb(peak), mark(peak < MEMORY_BYTES)))
        if middle := found.get(3_650_000):
            growth = _per_row(large) / _per_row(middle)
            rows.append(
                ("cost per row for those, against 3.65 million rows", "≤ 1.0", f"{growth:.2f}", mark(growth <= GROWTH))
            )
    return "## Goals\n\n" + table(("What", "Goal", "Measured", "Reached"), rows)


def _steps(measured: Sequence[Found]) -> str:
    rows = [row for one in measured for row in _rows(one)]
    return "## Steps\n\n" + table(("Rows", "Step", "Seconds", "Rows/s", "Process", "Peak memory"), rows)


def _rows(one: Found) -> Iterator[tuple[str, ...]]:
    for name, about in ABOUT.items():
        if name in one.steps:
            yield _row(one, about, one.steps[name])


def _row(one: Found, about: str, step: Step) -> tuple[str, ...]:
    return (
        count(one.size.rows),
        about,
        f"{step.seconds:.2f}",
        f"{one.size.rows / step.seconds:,.0f}",
        f"{step.process_s:.1f}",
        _mb(step.peak_bytes),
    )


def _limit(measured: Sequence[Found]) -> str:
    rows = [row for one in measured for row in _compared(one)]
    head = ("Rows", "Step", "Limit", "Seconds", "× the limit")
    return f"""## The limit

The same bytes are read and written on the same machine, right after the step, and nothing else is done with them:

- *extract*: `requests` sends the same requests to the same simulator; files as large as those of bronze are written.
- *silver*: DuckDB reads every value of the JSON in bronze's pages, and keeps nothing; silver's Parquet is copied into a
  new file with zstd, by DuckDB on all cores or by pyarrow, whichever is faster. No checks, no SQL. *Unread* has another
  figure for the first half: the pages are only unzipped, by as many threads as there are cores, and not read.
- *gold*: DuckDB aggregates silver straight from Parquet, with one plain `group by` per table and doubles added in the
  order they come; the extremes are without dry spells, which need the wet days of a sensor in order.

{table(head, rows)}"""


def _compared(one: Found) -> Iterator[tuple[str, ...]]:
    limits, rows = one.limits, count(one.size.rows)
    copies = f"{limits['copy, DuckDB']:.2f} (DuckDB) or {limits['copy, pyarrow']:.2f} (pyarrow)"
    silver, gold = one.steps["transform, local"].seconds, one.steps["publish, local"].seconds
    for about, text, limit, seconds in (
        ("extract", f"{limits['receive']:.2f}", limits["receive"], one.steps["extract"].seconds),
        ("silver", f"{limits['read']:.2f} + {copies}", limits["read"] + _copy_s(one), silver),
        ("gold", f"{limits['gold']:.2f}", limits["gold"], gold),
        ("**silver and gold**", f"{_limit_s(one):.2f}", _limit_s(one), silver + gold),
        ("silver, unread", f"{limits['gunzip']:.2f} + {copies}", limits["gunzip"] + _copy_s(one), silver),
        ("silver and gold, unread", f"{_limit_s(one, 'gunzip'):.2f}", _limit_s(one, "gunzip"), silver + gold),
    ):
        yield rows, about, text, f"{seconds:.2f}", f"{limit / seconds:.2f}"


def _pattern(measured: Sequence[Found]) -> str:
    compared = [one for one in measured if "one by one" in one.steps]
    rows = [
        row
        for one in compared
        for row in (
            _row(one, "`etl run`, all its steps", one.steps["run"]),
            _row(one, "one call per sensor and day", one.steps["one by one"]),
        )
    ]
    times = "".join(
        f"\n{count(one.size.rows)}: {one.steps['one by one'].seconds / one.steps['run'].seconds:.0f} times as fast,"
        f" with {-(-(one.size.side**2) // one.size.at_once)} requests instead of {one.size.rows:,}.\n"
        for one in compared
    )
    return f"""## The pattern it replaces

A client that calls the same simulator once per sensor and day over a connection kept alive, appends to a list and
writes one Parquet file: no bronze, checks, silver or gold. The simulator answers immediately; a real API adds a round
trip to every call, and with its limit of 10,000 calls a day, 36,500 calls take four days.

{table(("Rows", "Way", "Seconds", "Rows/s", "Process", "Peak memory"), rows)}{times}"""


def _limit_s(one: Found, pages: str = "read") -> float:
    return one.limits[pages] + _copy_s(one) + one.limits["gold"]


def _copy_s(one: Found) -> float:
    return min(one.limits["copy, DuckDB"], one.limits["copy, pyarrow"])


def _ours_s(one: Found) -> float:
    return one.steps["transform, local"].seconds + one.steps["publish, local"].seconds


def _per_row(one: Found) -> float:
    return (one.steps["extract"].seconds + _ours_s(one)) / one.size.rows


def _mb(size: float) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"
