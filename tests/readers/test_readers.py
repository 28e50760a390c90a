"""Other engines read the lake's tables, each as docs/how-to/read-the-lake.md shows it, and count each day once."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.table import Table

from etl.core.errors import ConfigError
from etl.destinations.lake.access import tables
from etl.lake.store import Lake
from etl.postgres.connection import Warehouse
from tests.conftest import MakeDatabase
from tests.unit.lake.days import FIRST, READINGS, days
from tests.warehouse.test_lake import NAME, publish, told

pytestmark = pytest.mark.thorough

RUNS, LOOKBACK = 30, 5
SPARK = ("pyspark==4.1.4", "pandas", "pyarrow")
KNOWN = [*((day, day + 1, f"run {day:02}") for day in range(RUNS - 1)), (RUNS - 1, RUNS + LOOKBACK, f"run {RUNS - 1}")]


@dataclass(frozen=True)
class Published:
    """A lake after daily runs, each of which read five days again, and its catalogue."""

    dsn: str
    lake: Lake

    def table(self) -> Table:
        """As a stranger opens it, with a connection of their own."""
        uri = self.dsn.replace("postgresql://", "postgresql+psycopg2://") + "&options=-csearch_path%3Diceberg"
        return load_catalog("lake", type="sql", uri=uri, init_catalog_tables="false").load_table(NAME)


@pytest.fixture(scope="module")
def published(make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    lake = Lake(str(tmp_path_factory.mktemp("published") / "lake"))
    with make_database() as dsn, Warehouse(dsn, role="etl_loader") as warehouse:
        for run in range(RUNS):
            publish(warehouse, lake, days(run, run + 1 + LOOKBACK), f"run {run:02}")
        yield Published(dsn, lake)


def test_pyiceberg_counts_each_day_once_and_travels_in_time(published: Published) -> None:
    table = published.table()
    rows = table.scan().to_arrow().sort_by("day")
    assert list(zip(rows["day"].to_pylist(), rows["value"].to_pylist(), strict=True)) == told(*KNOWN)
    assert len(table.history()) == RUNS
    first = table.scan(snapshot_id=table.history()[0].snapshot_id).to_arrow()
    assert first.num_rows == 1 + LOOKBACK
    assert table.format_version == 2
    assert [str(field.transform) for field in table.spec().fields] == ["month"]


def test_duckdb_counts_the_same_in_the_files_of_the_snapshot(published: Published) -> None:
    files = [task.file.file_path for task in published.table().scan().plan_files()]
    counted = duckdb.sql("select count(*), count(distinct day) from read_parquet(?)", params=[files])
    assert counted.fetchall() == [(RUNS + LOOKBACK, RUNS + LOOKBACK)]


@pytest.mark.filterwarnings("ignore")  # that a plugin would be quicker
def test_polars_counts_the_same(published: Published) -> None:
    polars = pytest.importorskip("polars", reason="needs polars, which is not among our requirements")
    frame = polars.scan_iceberg(published.table()).collect()
    assert (frame.height, frame["day"].n_unique()) == (RUNS + LOOKBACK, RUNS + LOOKBACK)


def test_spark_counts_the_same_and_what_it_deletes_merge_on_read_is_refused(
    published: Published, spark: list[str], tmp_path: Path
) -> None:
    table = published.table()
    done = subprocess.run([*spark, table.metadata_location, tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["counted"] == [RUNS + LOOKBACK, RUNS + LOOKBACK, f"run {RUNS - 1}"]
    assert len(set(found["runs"])) == RUNS
    assert found["left"] == RUNS + LOOKBACK - 1
    with Warehouse(published.dsn, role="etl_loader") as warehouse:
        known = tables(warehouse, published.lake)
        known.register(NAME, found["file"].removeprefix("file:").removeprefix(published.lake.location("")))
        deleted = known.find(NAME, READINGS)
        assert deleted is not None
        with pytest.raises(ConfigError, match="has delete files, which another engine must have written") as caught:
            deleted.stored()
        known.register(NAME, table.metadata_location.removeprefix(published.lake.location("")))
    assert "rewrite_data_files" in caught.value.hint
    assert FIRST + timedelta(2) in published.table().scan().to_arrow()["day"].to_pylist()


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs Spark 4.1, in an environment of its own: Iceberg has no runtime for our version yet."""
    folder = tmp_path_factory.mktemp("spark")
    here = Path(__file__).parent
    if any(shutil.which(tool) is None for tool in ("mvn", "java", "uv")):
        pytest.skip("needs Maven, Java 17 and uv, of which one is not installed")
    python, jars = folder / "venv" / "bin" / "python", folder / "jars"
    for command in (
        ["uv", "venv", "-q", "--python", "3.11", folder / "venv"],
        ["uv", "pip", "install", "-q", "--python", python, *SPARK],
        ["mvn", "-q", "-B", "-f", here / "pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={jars}"],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"needs Spark 4.1 and its runtime for Iceberg: {(done.stderr or done.stdout)[-300:]}")
    return [str(python), str(here / "on_spark.py"), str(jars)]
