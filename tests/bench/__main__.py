"""Measures speed and memory and writes docs/benchmarks.md: `python -m tests.bench [--rows N] [--quick]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from etl.postgres import embedded
from etl.postgres.connection import Warehouse
from etl.state import migrations
from tests.bench import commands, loading, memory, page, peers, warehouse

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def main(arguments: list[str]) -> None:
    """Measure and write the page; with --quick few rows, once each, and to stdout."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of a load (1000000)")
    parser.add_argument("--rounds", type=int, default=5, help="loads in each way (5)")
    parser.add_argument("--quick", action="store_true", help="10000 rows, one round, printed: does it work at all?")
    parser.add_argument("--python", type=Path, help="interpreter that runs `etl` for the timing of commands (.venv's)")
    chosen = parser.parse_args(arguments)
    rows, rounds = (10_000, 1) if chosen.quick else (chosen.rows, chosen.rounds)
    measured = measure(rows, rounds, chosen.python or commands.users_python())
    if chosen.quick:
        print(page.render(measured))
    else:
        PAGE.write_text(page.render(measured))
    print(page.summary(measured))


def measure(rows: int, rounds: int, users_python: Path | None) -> page.Measured:
    """Everything, on an embedded server of its own that goes away again."""
    if missing := peers.missing():
        _say(f"not installed, so left out: {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        folder = Path(made)
        with embedded.server(folder / "postgres") as dsn:
            with Warehouse(dsn) as owner:
                migrations.migrate(owner)
                postgres = str(owner.execute("show server_version")[0]["server_version"])
            warehouse.reset(dsn)
            ways = loading.measure(dsn, folder, rows, rounds, _say)
            _say("memory")
            peaks = [memory.measure(dsn, folder / "lake", many) for many in (rows, 10 * rows)]
        _say("commands")
        timings = commands.measure(users_python or Path(sys.executable), folder / "commands", max(rounds, 2))
    return page.Measured(rows, rounds, postgres, ways, peaks, timings, missing, is_users=users_python is not None)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
