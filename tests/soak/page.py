"""Writes what a year brought as docs/soak.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tests.bench.page import machine, mark, table
from tests.soak.proof import Claim
from tests.soak.year import Year

KINDS = {
    "none": "no trouble",
    "passing": "an API that fails once",
    "lasting": "an API that fails all day",
    "broken": "a record that breaks its contract",
    "killed": "the process killed",
    "postgres killed": "Postgres killed",
    "disk full": "the lake's disk full",
}
CODES = {0: "published", 65: "refused by an audit", 69: "API gone", 75: "later", 76: "contract broken", -9: "killed"}


def render(lived: Year, proven: Sequence[Claim], seconds: float) -> str:
    """The page, in Markdown."""
    return "\n".join([_head(lived, seconds), _troubles(lived), _claims(proven), _sizes(lived), _wrong(lived)])


def _head(lived: Year, seconds: float) -> str:
    return f"""# Soak: a year in an hour

Written by `make soak` (`python -m tests.soak`) on {datetime.now(UTC):%Y-%m-%d}. Do not edit: run it again.

- Machine: {machine()}; {seconds / 60:.0f} minutes for {lived.days} days from {lived.start}, seed {lived.seed}.

Every day a run of sensors, apod, neo and mars, on Mondays one of spacex, each in a process of its own, against
simulated APIs whose clock is the day. The sensors are published into the lake, too, whose files are merged on Sundays.
The weather archive learns a day two days later and corrects it after four. On {lived.away} days nothing ran. A run
that ended with exit code 75, or was killed, was tried again once, unless its API was down all day: then the next day's
run had to make up for it.
"""


def _troubles(lived: Year) -> str:
    rows = []
    for kind, words in KINDS.items():
        codes = lived.troubles.get(kind, {})
        ended = ", ".join(f"{number} {CODES.get(code, code)}" for code, number in sorted(codes.items()))
        rows.append((words, str(sum(codes.values())), ended or "—"))
    return "## What the runs met\n\n" + table(("Trouble", "Runs", "How they ended"), rows)


def _claims(proven: Sequence[Claim]) -> str:
    rows = ((one.sentence, mark(one.holds), one.numbers) for one in proven)
    return "## What holds in the end\n\n" + table(("Claim", "Holds", "Found"), rows)


def _sizes(lived: Year) -> str:
    rows = (
        (
            str(look["day"]),
            f"{look['rows']:,}",
            f"{look['warehouse'] / 1e6:.1f}",
            f"{look['lake'] / 1e6:.1f}",
            f"{look['files']:,}",
            f"{look['runs']:,}",
        )
        for look in lived.looks
    )
    heads = ("After days", "Published rows", "Warehouse, MB", "Lake, MB", "Files", "Runs in the ledger")
    return "## What grew\n\n" + table(heads, rows)


def _wrong(lived: Year) -> str:
    if not lived.wrong:
        return ""
    return "## What did not end as it should\n\n" + "\n".join(f"- {line}" for line in lived.wrong) + "\n"
