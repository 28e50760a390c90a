"""Writes what was measured as docs/benchmarks-archives.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.bench.page import machine, mark, table

if TYPE_CHECKING:
    from tests.bench.archives import Found

FIRST_RUN_S = 3.0
NAMES = {"apod": "astronomy pictures of the day", "neo": "near-Earth objects", "mars": "photos of the rovers on Mars"}


def render(measured: Sequence[Found]) -> str:
    """The page, in Markdown."""
    return "\n".join([_head(), _archives(measured), _killed(measured), _first_runs(measured)])


def _head() -> str:
    return f"""# Benchmarks: whole archives

Written by `make bench-archives` (`python -m tests.bench.archives`) on {datetime.now(UTC):%Y-%m-%d}.
Do not edit: run it again.

- Machine: {machine()}.

Each row is one `etl backfill`, from an empty folder to published gold, with the embedded Postgres, all defaults, and
`etl simulate SOURCE --without-limits` as the API in a process of its own; it has three times as many photos of Mars as
by default, about half as many as there really are, and takes most of their time. The real APIs are slower and have
limits: what is measured is what we add. Memory is that of the process and its children, without Postgres.
"""


def _archives(measured: Sequence[Found]) -> str:
    rows = (
        (
            f"{NAMES[one.archive.source]}, {one.archive.start} to {one.archive.end}",
            str(one.intervals),
            f"{one.pages:,}",
            f"{_silver(one):,}",
            f"{one.plan_s:.1f}",
            f"{one.backfill.seconds:.0f}",
            f"{_silver(one) / one.backfill.seconds:,.0f}",
            f"{one.backfill.peak_bytes / 1e6:,.0f}",
        )
        for one in measured
    )
    heads = (
        "Archive",
        "Intervals",
        "Requests",
        "Rows of silver",
        "Plan, s",
        "Backfill, s",
        "Rows per second",
        "Memory, MB",
    )
    return f"## Whole archives\n\n{table(heads, rows)}"


def _killed(measured: Sequence[Found]) -> str:
    rows = (
        (one.archive.source, f"{killed.pages:,}", f"{killed.asked_again:,}", f"{killed.resumed_s:.0f}", "yes")
        for one in measured
        if (killed := one.killed)
    )
    heads = (
        "Source",
        "Pages kept when killed",
        "Of these asked for again",
        "The rest, s",
        "Same rows as uninterrupted",
    )
    return (
        "## Killed half-way\n\nThe process gets a SIGKILL once half of the pages are in the lake; then the same "
        f"command runs again. A page that was being written is asked for again.\n\n{table(heads, rows)}"
    )


def _first_runs(measured: Sequence[Found]) -> str:
    rows = (
        (
            f"`etl run {one.archive.source} --or-simulate`",
            f"≤ {FIRST_RUN_S:.0f}",
            f"{one.steps_s:.1f}",
            mark(one.steps_s <= FIRST_RUN_S),
            f"{one.first_run_s:.1f}",
        )
        for one in measured
    )
    heads = ("Command", "Goal, s", "Steps, s", "Reached", "Whole process, s")
    return (
        "## First runs without the API\n\nIn an empty folder: the process makes a Postgres, waits up to 3 s for an API "
        f"that does not answer, and reads its own simulator.\n\n{table(heads, rows)}"
    )


def _silver(one: Found) -> int:
    return sum(rows for name, rows in one.rows.items() if name.startswith("silver."))
