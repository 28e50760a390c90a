"""Whole processes as a user starts them, timed from outside."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = ("run", "spacex", "--or-simulate", "--report", ".data/report.html")


@dataclass(frozen=True)
class Timing:
    """Median and extremes of repeated calls, and the seconds by step that the last one printed."""

    command: str
    median: float
    fastest: float
    slowest: float
    calls: int
    steps: str


def users_python() -> Path | None:
    """The interpreter of `make run`, where no peer is installed; None if that environment was not made."""
    found = ROOT / ".venv" / "bin" / "python"
    return found if found.exists() else None


def measure(python: Path, folder: Path, calls: int) -> list[Timing]:
    """`etl --help`, a first run, and runs after it, in an empty folder."""
    folder.mkdir()
    _call(python, folder, "--help")  # the interpreter compiles its modules
    _call(python, folder, *RUN)

    def first() -> None:
        shutil.rmtree(folder / ".data")

    return [
        _repeat(python, folder, "`etl --help`", 5 * calls, "--help"),
        _repeat(
            python, folder, "`make run`, first: creates the database, migrates it, publishes", calls, *RUN, before=first
        ),
        _repeat(python, folder, "`make run` again: finds nothing new", calls, *RUN),
        _repeat(python, folder, "`etl report`", calls, "report"),
    ]


def _repeat(
    python: Path, folder: Path, name: str, calls: int, *arguments: str, before: Callable[[], None] | None = None
) -> Timing:
    taken, said = [], ""
    for _ in range(calls):
        if before is not None:
            before()
        begin = time.perf_counter()
        said = _call(python, folder, *arguments)
        taken.append(time.perf_counter() - begin)
    steps = re.search(r"^Seconds: (.*)$", said, re.MULTILINE)
    return Timing(name, statistics.median(taken), min(taken), max(taken), calls, steps.group(1) if steps else "")


def _call(python: Path, folder: Path, *arguments: str) -> str:
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [python, "-m", "etl", *arguments], cwd=folder, env=clean, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AssertionError(f"etl {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done.stdout + done.stderr
