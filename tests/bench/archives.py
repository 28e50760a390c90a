"""Measures NASA's whole archives and writes docs/benchmarks-archives.md: `python -m tests.bench.archives [apod …]`."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from etl import sources
from etl.postgres import embedded
from etl.postgres.connection import Warehouse
from tests.bench import archives_page, tree
from tests.bench.scale import ROOT, simulator

PAGE = ROOT / "docs" / "benchmarks-archives.md"
STEPS = re.compile(r"^Seconds: (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Archive:
    """All that a source has, the intervals in which a backfill reads it, and the program that plays its API."""

    source: str
    start: str
    end: str
    every: str
    simulator: tuple[str, ...] = ()
    is_killed: bool = True

    @property
    def backfill(self) -> tuple[str, ...]:
        return ("backfill", self.source, "--from", self.start, "--to", self.end, "--every", self.every)


ARCHIVES = (
    Archive("apod", "1995-06-16", "2026-01-01", "1year"),
    Archive("neo", "2016-01-01", "2026-01-01", "1year"),
    Archive("mars", "2012-08-06", "2026-01-01", "1year", ("tests.bench.crowded",), is_killed=False),
)


@dataclass(frozen=True)
class Killed:
    """A backfill that was killed and resumed; `asked_again`: pages asked for twice, although they had been kept."""

    pages: int
    resumed_s: float
    asked_again: int


@dataclass(frozen=True)
class Found:
    """What came of an archive; `steps_s` are those of the first run."""

    archive: Archive
    intervals: int
    pages: int
    rows: Mapping[str, int]
    plan_s: float
    backfill: tree.Ran
    killed: Killed | None
    first_run_s: float
    steps_s: float


def main(arguments: Sequence[str]) -> None:
    """Measure and write the page; of some archives only, print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.archives", description=__doc__)
    names = [archive.source for archive in ARCHIVES]
    parser.add_argument("sources", nargs="*", choices=[*names, []], help="which archives (all)")
    chosen = parser.parse_args(arguments).sources or names
    text = archives_page.render(measure([archive for archive in ARCHIVES if archive.source in chosen]))
    if chosen == names:
        PAGE.write_text(text, encoding="utf-8")
    print(text)


def measure(archives: Sequence[Archive]) -> list[Found]:
    """One after the other, in folders that go away again, from a simulator in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-archives-", ignore_cleanup_errors=True) as made:
        found = []
        for archive in archives:
            with simulator(Path(made), archive.source, *archive.simulator) as url:
                found.append(_measure(archive, Path(made) / archive.source, url))
        return found


def _measure(archive: Archive, folder: Path, url: str) -> Found:
    whole, first = (Site(folder / name, archive.source, url) for name in ("whole", "first"))
    _say(f"{archive.source}: a first run")
    run = first.run("run", archive.source, base_url="http://127.0.0.1:9", options=("--or-simulate",))
    _say(f"{archive.source}: the whole archive")
    plan = whole.run(*archive.backfill, "--plan")
    backfill = whole.run(*archive.backfill)
    pages, rows = whole.pages(), whole.rows()
    found = Found(
        archive,
        plan.out.count(" to do ") - plan.out.count("intervals to do"),
        pages,
        rows,
        plan.seconds,
        backfill,
        _killed(archive, Site(folder / "killed", archive.source, url), pages, rows) if archive.is_killed else None,
        run.seconds,
        sum(float(step.split(" ")[1]) for step in STEPS.findall(run.out)[0].split(" · ")),
    )
    shutil.rmtree(folder)
    return found


def _killed(archive: Archive, site: Site, pages: int, rows: Mapping[str, int]) -> Killed:
    _say(f"{archive.source}: killed half-way")
    kept = site.killed_at(pages // 2, *archive.backfill)
    resumed = site.run(*archive.backfill)
    if site.rows() != rows:
        raise AssertionError(f"after a kill {archive.source} has {site.rows()} instead of {rows}")
    return Killed(kept, resumed.seconds, kept - len(site.unchanged))


class Site:
    """A folder in which a user works; the embedded Postgres and the lake are in its `.data`."""

    def __init__(self, folder: Path, source: str, url: str) -> None:
        folder.mkdir(parents=True)
        self.folder, self.source = folder, source
        self.unchanged: set[tuple[str, int]] = set()
        self._environment = tree.clean_environment() | {
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            f"ETL_{source}__BASE_URL".upper(): url,
        }

    def run(self, *arguments: str, base_url: str | None = None, options: Sequence[str] = ()) -> tree.Ran:
        """A command of `etl` to its end."""
        environment = dict(self._environment)
        if base_url is not None:
            environment[f"ETL_{self.source}__BASE_URL".upper()] = base_url
        kept = self._kept()
        ran = tree.run([sys.executable, "-m", "etl", *arguments, *options], self.folder, environment)
        if ran.exit_code:
            raise AssertionError(f"etl {' '.join(arguments)} ended with {ran.exit_code}: {ran.err[-2000:]}")
        self.unchanged = kept & self._kept()
        return ran

    def killed_at(self, pages: int, *arguments: str) -> int:
        """Start a command and kill it once the lake has that many pages; returns how many it then has."""
        command = [sys.executable, "-m", "etl", *arguments]
        with subprocess.Popen(
            command, cwd=self.folder, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            while self.pages() < pages:
                if process.poll() is not None:
                    raise AssertionError("it ended before it could be killed")
                time.sleep(0.05)
            os.kill(process.pid, signal.SIGKILL)
        return self.pages()

    def pages(self) -> int:
        """How many the lake has."""
        return len(self._kept())

    def rows(self) -> dict[str, int]:
        """Of each published table."""
        source = sources.load(self.source)
        names = [f"silver.{table.name}" for table in source.datasets] + [f"gold.{table.name}" for table in source.gold]
        with embedded.server(self.folder / ".data" / "postgres") as dsn, Warehouse(dsn) as session:
            return {name: session.execute(f"select count(*) as rows from {name}")[0]["rows"] for name in names}

    def _kept(self) -> set[tuple[str, int]]:
        """Each page in bronze with the time at which it was written."""
        return {(str(file), file.stat().st_mtime_ns) for file in self.folder.glob(".data/lake/bronze/**/page-*")}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
