"""Measures the sensors at scale and writes docs/benchmarks-scale.md: `python -m tests.bench.scale [--rows 36500 …]`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from tests.bench import scale_page, tree
from tests.bench.limit import ENDPOINT, TABLE

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks-scale.md"
START = date(2015, 1, 1)
ENOUGH = "1e12"  # calls: no limit is ever met
NO_SPARK = os.EX_CONFIG
FREE_GB = 6


@dataclass(frozen=True)
class Size:
    """A grid of `side` by `side` sensors for so many days, and what a user would set for it."""

    side: int
    days: int
    at_once: int
    rounds: int = 1

    @property
    def rows(self) -> int:
        return self.side**2 * self.days


SIZES = [Size(10, 365, 50, rounds=3), Size(100, 365, 100, rounds=3), Size(100, 3650, 100)]
ONE_BY_ONE_ROWS = 100_000  # no more calls than that; as many are compared end to end


@dataclass(frozen=True)
class Step:
    """A command: seconds of its step alone and of its whole process, and what its tree of processes held at most."""

    seconds: float
    process_s: float
    peak_bytes: int


@dataclass
class Found:
    """What was measured for one size; each figure is the median of its rounds, a peak the highest."""

    size: Size
    steps: dict[str, Step] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    without_spark: str = ""


def main(arguments: Sequence[str]) -> None:
    """Measure and write the page; with fewer sizes than all to stdout."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    rows = [size.rows for size in SIZES]
    parser.add_argument("--rows", type=int, nargs="+", choices=rows, default=rows, help="sizes to measure (all)")
    parser.add_argument(
        "--spark-up-to", type=int, default=rows[-1], metavar="ROWS", help="leave Spark out beyond (all)"
    )
    parser.add_argument("--folder", type=Path, help="where to make the temporary folder: a disk, not memory")
    chosen = parser.parse_args(arguments)
    sizes = [size for size in SIZES if size.rows in chosen.rows]
    text = scale_page.render(measure(sizes, chosen.folder, chosen.spark_up_to))
    if sizes == SIZES:
        PAGE.write_text(text)
    print(text)


def measure(sizes: Sequence[Size], folder: Path | None = None, spark_up_to: int = SIZES[-1].rows) -> list[Found]:
    """All sizes, the smallest first, in a folder that goes away again."""
    with tempfile.TemporaryDirectory(prefix="bench-scale-", dir=folder, ignore_cleanup_errors=True) as made:
        free = shutil.disk_usage(made).free
        if free < FREE_GB * 1e9:
            raise SystemExit(f"{made} has {free / 1e9:.0f} GB free, {FREE_GB} are needed: name another with --folder.")
        with simulator(Path(made), "sensors") as url:
            return [_measure(size, url, Path(made), spark_up_to) for size in sizes]


@contextmanager
def simulator(folder: Path, source: str, program: str = "etl") -> Iterator[str]:
    """That of a source, in a process of its own, as an API is; `program` has the commands of `etl`."""
    command = [sys.executable, "-m", program, "simulate", source, "--without-limits", "--port", "0"]
    environment = tree.clean_environment() | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().rpartition(" ")[2].strip()
        finally:
            process.terminate()


def sensors_settings(side: int, at_once: int, url: str) -> dict[str, str]:
    """The settings for a grid of that many sensors on a side, read without a limit from the simulator."""
    sensors = {
        "rows": side,
        "columns": side,
        "sensors_per_request": at_once,
        "base_url": url,
        **dict.fromkeys(("calls_per_minute", "calls_per_hour", "calls_per_day"), ENOUGH),
    }
    settings = {f"ETL_SENSORS__{name}".upper(): str(value) for name, value in sensors.items()}
    return settings | {"ETL_LOG__FORMAT": "json", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def _measure(size: Size, url: str, folder: Path, spark_up_to: int) -> Found:
    found, rounds, limits = Found(size), list[dict[str, Step]](), list[Mapping[str, float]]()
    if size.rows > spark_up_to:
        found.without_spark = f"not beyond {spark_up_to:,} rows."
    for number in range(size.rounds):
        site = _Site(size, url, folder / f"{size.rows}-{number}")
        rounds.append(_round(site, found, limits))
        if size.rows <= ONE_BY_ONE_ROWS and not number:
            rounds[0]["one by one"] = site.one_by_one()
        shutil.rmtree(site.folder)
    found.limits = {name: statistics.median(one[name] for one in limits) for name in limits[0]}
    for name in rounds[0]:
        taken = [one[name] for one in rounds if name in one]
        found.steps[name] = Step(
            statistics.median(step.seconds for step in taken),
            statistics.median(step.process_s for step in taken),
            max(step.peak_bytes for step in taken),
        )
    return found


def _round(site: _Site, found: Found, limits: list[Mapping[str, float]]) -> dict[str, Step]:
    _say(f"{site.size.rows:,} rows: extract")
    steps = {"extract": site.step("extract", *site.interval)}
    for engine in ("local", "spark"):
        if engine == "spark" and found.without_spark:
            continue
        site.forget_what_was_made()
        try:
            for verb, options in (("transform", ()), ("publish", ("--destination", "lake", "--even-if-older"))):
                _say(f"{site.size.rows:,} rows: {verb}, {engine}")
                steps[f"{verb}, {engine}"] = site.step(verb, "--engine", engine, *options)
        except _MissingError as missing:
            found.without_spark = str(missing)
            continue
        if engine == "local":
            found.bytes = site.bytes()
            _say(f"{site.size.rows:,} rows: the limit")
            limits.append(site.limit())
    if found.size.rows <= ONE_BY_ONE_ROWS:
        steps["run"] = site.run()
    return steps


class _MissingError(Exception):
    """Something is not installed here; the text says what."""


@dataclass(frozen=True)
class _Site:
    """A folder in which the commands run, with the settings of a user."""

    size: Size
    url: str
    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.step("check", *self.interval)  # the database is made, modules are compiled

    @property
    def interval(self) -> tuple[str, ...]:
        return ("--from", START.isoformat(), "--to", (START + timedelta(days=self.size.days)).isoformat())

    @property
    def lake(self) -> Path:
        return self.folder / ".data" / "lake"

    def step(self, verb: str, *options: str) -> Step:
        """One command of `etl`. Raises: _MissingError."""
        return self._of_steps(self._ran("-m", "etl", verb, "sensors", *options))

    def run(self) -> Step:
        """`etl run` from nothing, with the database there: another one, as this one knows the lake's tables."""
        site = _Site(self.size, self.url, self.folder / "from nothing")
        return site._of_steps(site._ran("-m", "etl", "run", "sensors", "--destination", "lake", *site.interval))

    def one_by_one(self) -> Step:
        """The old pattern, as a program of its own."""
        side, days = str(self.size.side), str(self.size.days)
        _say(f"{self.size.rows:,} rows: one call per sensor and day")
        file = str(self.folder / "one-by-one.parquet")
        ran = self._ran("-m", "tests.bench.one_by_one", self.url, side, side, START.isoformat(), days, file)
        if int(ran.out) != self.size.rows:
            raise AssertionError("rows are missing")
        return Step(ran.seconds, ran.seconds, ran.peak_bytes)

    def limit(self) -> Mapping[str, float]:
        """Seconds of each way in which the same bytes are read and written."""
        (run,) = self.lake.glob(f"bronze/{ENDPOINT}/*/*")
        told: dict[str, float] = json.loads(self._ran("-m", "tests.bench.limit", str(self.lake), run.name).out)
        return told

    def bytes(self) -> dict[str, int]:
        """Of the files of each layer."""
        pages = self.lake.glob(f"bronze/{ENDPOINT}/**/page-*")
        rows = self.lake.glob(f"silver/{TABLE}/**/*.parquet")
        return {
            "bronze": sum(file.stat().st_size for file in pages),
            "silver": sum(file.stat().st_size for file in rows),
        }

    def forget_what_was_made(self) -> None:
        """Bronze alone is left."""
        for layer in ("silver", "gold", "quarantine"):
            shutil.rmtree(self.lake / layer, ignore_errors=True)

    def _of_steps(self, ran: tree.Ran) -> Step:
        """All steps that the log tells of."""
        told = [json.loads(line) for line in ran.err.splitlines() if line.startswith("{")]
        seconds = sum(line["seconds"] for line in told if line["event"] == "step done")
        return Step(seconds, ran.seconds, ran.peak_bytes)

    def _ran(self, *arguments: str) -> tree.Ran:
        settings = sensors_settings(self.size.side, self.size.at_once, self.url)
        ran = tree.run([sys.executable, *arguments], self.folder, tree.clean_environment() | settings)
        if ran.exit_code == NO_SPARK and "spark" in arguments:
            raise _MissingError(ran.err.strip().splitlines()[-1])
        if ran.exit_code:
            raise AssertionError(f"{' '.join(arguments)} ended with {ran.exit_code}: {ran.err[-2000:]}")
        return ran


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
