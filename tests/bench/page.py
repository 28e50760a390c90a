"""Writes what was measured as docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.bench.commands import Timing
from tests.bench.loading import BY_DAY, BY_KEY, SLOW_SHARE, Way
from tests.bench.memory import Peak

PACKAGES = ("pyarrow", "pgpq", "psycopg2-binary", "dlt", "adbc-driver-postgresql", "pandas", "SQLAlchemy")


@dataclass(frozen=True)
class Measured:
    """All that a run of the benchmark found."""

    rows: int
    rounds: int
    postgres: str
    ways: Sequence[Way]
    peaks: Sequence[Peak]
    timings: Sequence[Timing]
    missing: Sequence[str]
    is_users: bool  # commands ran in the environment of `make run`


def render(measured: Measured) -> str:
    """The page, in Markdown."""
    found = {(way.name, way.order): way for way in measured.ways}
    parts = [_head(measured), _goals(measured, found), _loading(measured, found), _where(found)]
    return "\n".join([*parts, _memory(measured), _commands(measured)])


def summary(measured: Measured) -> str:
    """Three lines for a README."""
    found = {(way.name, way.order): way for way in measured.ways}
    ours, raw = found["ours, first", BY_KEY], found["raw", BY_KEY]
    peaks = " and ".join(f"{peak.bytes / 1e6:.0f} MB for {count(peak.rows)}" for peak in measured.peaks)
    shuffled = found["ours, first", BY_DAY].rows_per_s / found["raw", BY_DAY].rows_per_s
    warm = {timing.command: timing.median for timing in measured.timings}
    lines = [
        f"{count(ours.rows)} from Arrow to published in {ours.seconds:.1f} s ({ours.rows_per_s:,.0f} rows/s), key, "
        f"audits, statistics and ledger included: {ours.rows_per_s / raw.rows_per_s:.2f} × a raw binary COPY of them "
        f"into a keyed table ({shuffled:.2f} × when they do not come in the order of the key)",
        f"peak memory {peaks}",
        " · ".join(f"{name} {seconds:.2f} s" for name, seconds in warm.items()),
    ]
    return "\n".join(f"- {line}" for line in lines)


def _head(measured: Measured) -> str:
    versions = ", ".join(f"{name} {found}" for name in PACKAGES if (found := version_of(name)))
    absent = f"\nNot installed, so not measured: {', '.join(measured.missing)}." if measured.missing else ""
    command = f"python -m tests.bench --rows {measured.rows} --rounds {measured.rounds}"
    return f"""# Benchmarks

Written by `make bench` (`{command}`) on {datetime.now(UTC):%Y-%m-%d}. Do not edit: run it again.

- Machine: {machine()}.
- PostgreSQL {measured.postgres}, embedded, with the configuration in `etl/postgres/embedded.py`.
- Python {platform.python_version()}, {versions}.{absent}

All loads go to one server over its socket. They take turns, round by round, so that a noisy moment affects all alike.
Each figure is the median of {measured.rounds} rounds (3 for dlt without a key, `execute_values` and `to_sql`).
There is a checkpoint before each load; the clock runs from the first statement to the end of the commit.
After each load, its rows are counted.
"""


def _goals(measured: Measured, found: dict[tuple[str, str], Way]) -> str:
    ours = found["ours, first", BY_KEY]
    again = found["ours, again", BY_KEY]
    rows = [
        _goal(
            "published, against raw COPY into a keyed table, rows in order", "≥ 1.0 ×", ours, found["raw", BY_KEY], 1
        ),
        _goal("… rows not in order", "≥ 1.0 ×", found["ours, first", BY_DAY], found["raw", BY_DAY], 1),
        _goal("… replacing published rows", "≥ 1.0 ×", again, found["raw", BY_KEY], 1),
    ]
    for name, about, times in (
        ("dlt_csv_keyed", "against dlt, CSV, keyed", 3),
        ("dlt_parquet_keyed", "against dlt, Parquet by ADBC, keyed", 3),
        ("dlt_parquet_no_key", "… without a key", 3),
        ("to_sql", "against `to_sql`", 20),
    ):
        if (name, BY_KEY) in found:
            rows.append(_goal(about, f"≥ {times} ×", ours, found[name, BY_KEY], times))
    most = max(peak.bytes for peak in measured.peaks)
    rows.append(("peak memory", "≤ 500 MB, flat", f"{most / 1e6:.0f} MB", mark(most <= 500e6)))
    warm = [timing for timing in measured.timings if "again" in timing.command]
    help_ = [timing for timing in measured.timings if "--help" in timing.command]
    rows += [("`make run` again", "< 5 s", f"{t.median:.2f} s", mark(t.median < 5)) for t in warm]
    rows += [("steps of that run", "< 2 s", f"{_sum(t.steps):.2f} s", mark(_sum(t.steps) < 2)) for t in warm]
    rows += [("`etl --help`", "< 0.3 s", f"{t.median:.2f} s", mark(t.median < 0.3)) for t in help_]
    return "## Goals\n\n" + table(("What", "Goal", "Measured", "Reached"), rows)


def _goal(about: str, goal: str, ours: Way, other: Way, times: float) -> tuple[str, ...]:
    ratio = ours.rows_per_s / other.rows_per_s
    return about, goal, f"{ratio:.2f} ×", mark(round(ratio, 2) >= times)


def _loading(measured: Measured, found: dict[tuple[str, str], Way]) -> str:
    rows = []
    for way in measured.ways:
        limit = found["raw", way.order].rows_per_s
        spread = f"{min(load.seconds for load in way.loads):.2f} to {max(load.seconds for load in way.loads):.2f}"
        rows.append(
            (
                way.about,
                way.order,
                count(way.rows),
                f"{way.seconds:.2f}",
                spread,
                f"{way.rows_per_s:,.0f}",
                f"{way.rows_per_s / limit:.2f}",
            )
        )
    head = ("Way", "Order of rows", "Rows", "Seconds", "from … to", "Rows/s", "× the limit")
    peers = f"""
A peer's time includes its own conversion from Arrow. dlt creates no key by itself: *with our key* means that we gave
its table one. `execute_values` and `to_sql` load one row in {SLOW_SHARE}.
"""
    return f"""## Loading

Rows like those of `sensor_readings`, ready in memory as Arrow: 7 columns, primary key (sensor_id, reading_date).
*By key*: sensor after sensor, as the API returns them; *by day*: all sensors of a day together.
Ours writes the ledger, stages, builds the key, collects statistics, audits, publishes, commits; raw COPY only loads and
commits. The limit's table exists beforehand, as a warehouse's does; for one *created* or *truncated* in the same
transaction, Postgres writes no WAL for its rows.
{"" if measured.missing else peers}
{table(head, rows)}"""


def _where(found: dict[tuple[str, str], Way]) -> str:
    ways = [found[name, order] for order in (BY_KEY, BY_DAY) for name in ("ours, first", "ours, again")]
    names = sorted(ways[0].parts(), key=lambda name: -ways[0].parts()[name])
    rows = [(name, *(f"{way.parts()[name]:.2f}" for way in ways)) for name in names]
    head = ("Seconds of ours", *(f"{way.name.removeprefix('ours, ')}, {way.order}" for way in ways))
    return f"""Where our time goes:

{table(head, rows)}
What it pays for: rows are written twice. They are staged in an unlogged table, whose key is built once, sorted, and
proves that keys are unique; then those that differ from what is published go into the published table, with its key.
In return no reader waits, equal rows are not written at all, and [one more day](benchmarks-day.md) costs the same on
any history. Replacing every row is the worst case: each is updated, and its old version stays until autovacuum comes.

What holds it back besides: a COPY is one server process, busy throughout, so *without a key* is the limit for every
client.{_beyond(found)}
"""


def _beyond(found: dict[tuple[str, str], Way]) -> str:
    """Why three times dlt's fastest way cannot be, if it cannot."""
    bound = found["raw, no key", BY_KEY].rows_per_s
    asked = 3 * max((way.rows_per_s for (name, _), way in found.items() if name.startswith("dlt_parquet")), default=0)
    if asked < bound:
        return ""
    return f"""
With Parquet, dlt hands the rows to ADBC, which is a binary COPY as well, without statistics, audits or ledger, and
first truncates the published table. Three times its speed would be {asked:,.0f} rows/s; the limit is {bound:,.0f}."""


def _memory(measured: Measured) -> str:
    rows = [
        (count(p.rows), f"{p.parquet_bytes / 1e6:.0f} MB", f"{p.seconds:.1f}", f"{p.bytes / 1e6:.0f} MB")
        for p in measured.peaks
    ]
    return f"""## Memory

A separate process reads silver (Parquet) from the lake and publishes it; its peak is the kernel's own figure
(`VmHWM`). The server's memory is not included: its configuration bounds it.

{table(("Rows", "Parquet file", "Seconds", "Peak memory"), rows)}"""


def _commands(measured: Measured) -> str:
    rows = [
        (t.command, f"{t.median:.2f}", f"{t.fastest:.2f} to {t.slowest:.2f}", str(t.calls), t.steps.replace(" ·", ","))
        for t in measured.timings
    ]
    where = (
        "the environment of `make run`"
        if measured.is_users
        else "the benchmark's environment, where pyarrow imports pandas"
    )
    return f"""## Commands

Whole processes, timed from outside, in {where}, on the built-in simulator unless the API answers.
Not part of any step: starting Python, imports, starting and stopping Postgres, the report page.

{table(("Command", "Seconds", "from … to", "Calls", "Seconds by step (last call)"), rows)}"""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def mark(is_reached: bool) -> str:
    """Whether a goal was met."""
    return "yes" if is_reached else "**no**"


def _sum(steps: str) -> float:
    return sum(map(float, re.findall(r"\d+\.\d+", steps)))


def count(number: float) -> str:
    """Rows in words."""
    return f"{number / 1e6:g} million rows" if number >= 1e6 and not number % 1e5 else f"{number:,.0f} rows"


def version_of(package: str) -> str | None:
    """None: it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def machine() -> str:
    """What the figures depend on most."""
    return f"{_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB, {platform.system()} {platform.machine()}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else []
    return names[0].strip() if names else platform.processor() or platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
