"""A backfill into both destinations that is killed again and again ends as one that was not, and asks nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request

from etl.lake.store import Lake
from etl.postgres.connection import Warehouse
from etl.simulate import server
from etl.sources.sensors import simulator as sensors
from tests import lakes
from tests.cli.conftest import environment, libpq
from tests.conftest import MakeDatabase
from tests.warehouse.states import rows
from tests.warehouse.test_sensors import source_at

pytestmark = pytest.mark.thorough

MONTHS = 3
BACKFILL = ("backfill", "sensors", "--from", "2025-01-01", "--to", "2025-04-01", "--destination", "both")
READINGS = "select sensor_id, reading_date, temperature_max, region_avg_temp from silver.sensor_readings order by 1, 2"
DONE = "select destination, interval_start, count(*) from ops.run where status = 'published' group by 1, 2"


@dataclass
class Site:
    """A warehouse and a lake, and an API that counts how often it was asked for which days."""

    dsn: str
    folder: Path
    url: str
    asked: Counter[str] = field(default_factory=Counter)

    def etl(self, *arguments: str) -> subprocess.Popen[str]:
        grid = {"ROWS": "3", "COLUMNS": "4", "SENSORS_PER_REQUEST": "12", "BASE_URL": self.url}
        settings = {f"ETL_SENSORS__{name}": value for name, value in grid.items()} | {"PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            [sys.executable, "-m", "etl", *arguments],
            cwd=self.folder,
            env=environment(settings) | libpq(self.dsn),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def killed_after(self, lines: int, *arguments: str) -> int:
        """Kill a backfill when it has told of so many publications; returns of how many it told."""
        with self.etl(*arguments) as process:
            assert process.stdout is not None
            told = 0
            for line in process.stdout:
                told += " in the " in line
                if told == lines:
                    os.kill(process.pid, signal.SIGKILL)
            assert process.wait() in (0, -signal.SIGKILL)
        return told

    def content(self) -> Any:
        with Warehouse(self.dsn, role="analyst") as warehouse:
            in_lake = lakes.content(warehouse, Lake(str(self.folder / ".data" / "lake")), source_at(self.url))
        return rows(self.dsn, READINGS), in_lake


@pytest.fixture
def site(make_database: MakeDatabase, tmp_path: Path) -> Iterator[Any]:
    """Makes sites."""

    @contextmanager
    def make(name: str) -> Iterator[Site]:
        asked: Counter[str] = Counter()
        app = sensors.make_app(with_limits=False)

        def counting(environ: Any, start_response: Any) -> Any:
            asked[Request(environ).args["start_date"]] += 1
            return app(environ, start_response)

        with make_database() as dsn, server.serve(counting) as running:
            (tmp_path / name).mkdir()
            yield Site(dsn, tmp_path / name, running.url, asked)

    return make


# Between two destinations, and between two intervals.
@pytest.mark.parametrize(("lines", "parallel"), [(1, "1"), (2, "2"), (3, "1")])
def test_killed_again_and_again_it_ends_equal_and_asks_for_no_interval_twice(
    site: Any, lines: int, parallel: str
) -> None:
    with site("whole") as whole, site("killed") as killed:
        assert whole.killed_after(2 * MONTHS + 1, *BACKFILL) == 2 * MONTHS
        told = [lines]
        while told[-1] == lines:
            told.append(killed.killed_after(lines, *BACKFILL, "--parallel", parallel))
            assert len(told) < 2 * MONTHS + 3
        assert killed.content() == whole.content()
        assert sorted(rows(killed.dsn, DONE)) == sorted(rows(whole.dsn, DONE))
        # Those under way when the process died are asked for once more, page by page.
        assert sum(killed.asked.values()) - MONTHS <= int(parallel) * (len(told) - 2)
