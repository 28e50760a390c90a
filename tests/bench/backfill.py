"""Measures a backfill into both destinations: `python -m tests.bench.backfill [--months 12]`.

Of all months, it writes docs/benchmarks-backfill.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from statistics import fmean

from etl.pipeline.backfill import Every
from tests.bench import tree
from tests.bench.page import count, machine, mark, table, version_of
from tests.bench.scale import ROOT, START, sensors_settings, simulator

PAGE = ROOT / "docs" / "benchmarks-backfill.md"
SIDE, AT_ONCE, PARALLEL, MONTHS = 100, 100, 2, 120
PACKAGES = ("duckdb", "pyarrow", "pyiceberg", "psycopg2-binary")
STEPS = [("extract",), ("transform",), *product(("stage", "audit", "publish"), ("warehouse", "lake"))]
GOAL_S, GOAL_BYTES = 600, 1e9
GROWTH = 1.5  # of a step from the first quarter of the months to the last: what is published grows by a factor of seven


@dataclass(frozen=True)
class Found:
    """What a backfill took; `seconds` of each step, and destination if it has one, in the order in which they ended."""

    months: int
    rows: int
    ran: tree.Ran
    seconds: dict[tuple[str, ...], list[float]]


def main(arguments: Sequence[str]) -> None:
    """Measure and write the page; with fewer months to stdout."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.backfill", description=__doc__)
    parser.add_argument("--months", type=int, default=MONTHS, help=f"months to read, of 10,000 sensors ({MONTHS})")
    parser.add_argument("--parallel", type=int, default=PARALLEL, help=f"months that are read at once ({PARALLEL})")
    parser.add_argument("--folder", type=Path, help="where to make the temporary folder: a disk, not memory")
    chosen = parser.parse_args(arguments)
    text = _render(measure(chosen.months, chosen.parallel, chosen.folder), chosen.parallel)
    if chosen.months == MONTHS:
        PAGE.write_text(text)
    print(text)


def measure(months: int, parallel: int, folder: Path | None = None) -> Found:
    """A backfill of so many months, in a folder that goes away again."""
    end = Every.parse(f"{months}month").after(START)
    with (
        tempfile.TemporaryDirectory(prefix="bench-backfill-", dir=folder, ignore_cleanup_errors=True) as made,
        simulator(Path(made), "sensors") as url,
    ):
        etl = [sys.executable, "-m", "etl"]
        environment = tree.clean_environment() | sensors_settings(SIDE, AT_ONCE, url)
        tree.run([*etl, "status"], Path(made), environment)  # the database is made, modules are compiled
        interval = ("--from", START.isoformat(), "--to", end.isoformat(), "--every", "1month")
        options = ("--parallel", str(parallel), "--destination", "both")
        ran = tree.run([*etl, "backfill", "sensors", *interval, *options], Path(made), environment)
    if ran.exit_code:
        raise AssertionError(f"the backfill ended with {ran.exit_code}: {ran.err[-2000:]}")
    told = [json.loads(line) for line in ran.err.splitlines() if line.startswith("{")]
    seconds = defaultdict[tuple[str, ...], list[float]](list)
    for line in told:
        if line["event"] == "step done":
            into = [line["destination"]] if "destination" in line else []
            seconds[line["step"], *into].append(line["seconds"])
    return Found(months, SIDE**2 * (end - START).days, ran, seconds)


def _render(found: Found, parallel: int) -> str:
    versions = ", ".join(f"{name} {known}" for name in PACKAGES if (known := version_of(name)))
    seconds, peak = found.ran.seconds, found.ran.peak_bytes
    is_whole = found.months == MONTHS
    goals = [
        ("minutes", "< 10" if is_whole else "", f"{seconds / 60:.1f}", mark(seconds < GOAL_S) if is_whole else ""),
        ("rows per second", "", f"{found.rows / seconds:,.0f}", ""),
        ("peak memory", "< 1 GB", f"{peak / 1e6:,.0f} MB", mark(peak < GOAL_BYTES)),
    ]
    steps = [_step(", ".join(step), found.seconds[step]) for step in STEPS]
    return f"""# Benchmarks: a backfill into both destinations

Written by `make bench-backfill` (`python -m tests.bench.backfill`) on {datetime.now(UTC):%Y-%m-%d}.
Do not edit: run it again.

- Machine: {machine()}.
- Python {platform.python_version()}, {versions}.

`etl backfill sensors --every 1month --parallel {parallel} --destination both`, from an empty folder:
{found.months} months of {SIDE**2:,} sensors, {count(found.rows)}, from the API's answers to silver and
gold in the warehouse and in the lake. The warehouse is the embedded Postgres, the lake a
directory, the API `etl simulate sensors --without-limits` in a process of its own; all of them share the machine.

*Peak memory* is that of the process and all its children, with shared memory counted once (PSS), sampled up to ten
times a second. The simulator and the embedded Postgres are not included.

{table(("What", "Goal", "Measured", "Reached"), goals)}
## Steps

Seconds of a step for one month: all of them together, and the mean of the first and of the last quarter of the months.
{parallel} months are read at once while earlier ones are published, one into each destination, so that steps overlap.

{table(("Step", "Together", "First", "Last", "Goal for the growth", "Reached"), steps)}"""


def _step(name: str, seconds: Sequence[float]) -> tuple[str, ...]:
    quarter = max(len(seconds) // 4, 1)
    first, last = fmean(seconds[:quarter]), fmean(seconds[-quarter:])
    is_bounded = last <= max(GROWTH * first, 0.1)
    return (name, f"{sum(seconds):.1f}", f"{first:.2f}", f"{last:.2f}", f"≤ {GROWTH} ×", mark(is_bounded))


if __name__ == "__main__":
    main(sys.argv[1:])
