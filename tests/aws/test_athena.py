"""What Athena is asked is executed by Trino, of which Athena is made: its answers are those of the lake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from aws import athena
from etl import sources
from etl.cli.ask import silver_answers
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.runtime import Runtime
from etl.settings import Settings
from tests.aws import trino
from tests.aws.trino import Table

ETL = Path(sys.executable).parent / "etl"
DATABASES = {"stored": "stored.default", "silver": "silver.default", "gold": "gold.default"}
NOTE = {
    "extraction_id": "varchar",
    "interval": "array(varchar)",
    "holds": "array(array(varchar))",
    "failed_audit": "varchar",
    "source": "varchar",
}
ENOUGH = 10  # questions that these days answer with a row at least
# What each source reads, small and, if the ways of Trino with dates matter, across months.
RUNS = {
    "spacex": [],
    "sensors": ["--from", "2024-05-20", "--to", "2024-06-12"],
    "apod": ["--from", "2024-05-20", "--to", "2024-06-12"],
    "neo": ["--from", "2029-04-01", "--to", "2029-05-01"],
    "mars": ["--from", "2012-08-06", "--to", "2012-09-06"],
}


def test_files_are_up_to_date() -> None:
    assert athena.main(["--check"]) == 0


@pytest.fixture(scope="module")
def jars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trino.installed(tmp_path_factory.mktemp("trino"))


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """A lake with silver of several sources."""
    folder = tmp_path_factory.mktemp("lake")
    place = {"ETL_LAKE__URL": str(folder / "lake"), "ETL_WAREHOUSE__EMBEDDED": str(folder / "warehouse")}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ETL_", "PG"))}
    for source, days in RUNS.items():
        command = [ETL, "run", source, "--or-simulate", *days]
        done = subprocess.run(command, env=inherited | place, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return Runtime(Settings(lake={"url": place["ETL_LAKE__URL"]}), is_elsewhere=False)


@pytest.mark.thorough
def test_athena_answers_as_the_lake_does(
    jars: Path, runtime: Runtime, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """Of sources that were not read, the tables are empty; their views and questions must be executed all the same."""
    loaded = [sources.load(name) for name in sources.NAMES]
    made = [s for table in _stored(Path(runtime.lake().url), loaded) for s in table.statements()]
    made += [_made("silver", dataset.name) for source in loaded for dataset in source.datasets]
    made += [_made("gold", table.name) for source in loaded for table in source.gold]
    questions = {file.stem: _text(file) for file in sorted((athena.FOLDER / "questions").glob("*/*.sql"))}

    results = trino.execute(jars, tmp_path, [*made, *questions.values()])
    assert [(s, found) for s, found in zip(made, results, strict=False) if isinstance(found, str)] == []
    found = dict(zip(questions, results[len(made) :], strict=True))
    for name, rows in found.items():
        with subtests.test("Trino executes it", question=name):
            assert isinstance(rows, list), rows
    answers = {answer.name: answer.rows for name in RUNS for answer in silver_answers(runtime, name)}
    assert len([rows for rows in answers.values() if rows]) >= ENOUGH
    for name, rows in answers.items():
        with subtests.test("its rows are the lake's", question=name):
            assert [list(map(_plain, row)) for row in found[name]] == [list(map(_plain, row.values())) for row in rows]


def _stored(lake: Path, loaded: Sequence[Source]) -> Iterator[Table]:
    """All Parquet files of silver, and the notes, as Glue's tables show them."""
    for source in loaded:
        for dataset in source.datasets:
            files = sorted((lake / "silver" / dataset.name).rglob("*.parquet"))
            rows = [[*row.values(), str(file)] for file in files for row in pq.read_table(file).to_pylist()]
            yield _files(dataset, rows)
    notes = [file for source in loaded for file in (lake / "silver/_runs" / source.name).glob("*.json")]
    assert all(len(file.read_text().splitlines()) == 1 for file in notes), "Athena reads a line at a time"
    yield Table("stored.default.runs", NOTE, [_note(json.loads(file.read_text())) for file in notes])


def _files(dataset: Dataset, rows: Sequence[Sequence[Any]]) -> Table:
    types = {column.name: athena.trino(column.type) for column in dataset.columns}
    return Table(f"stored.default.{dataset.name}", types | {"$path": "varchar"}, rows)


def _note(note: dict[str, Any]) -> list[Any]:
    return [note[name] for name in NOTE]


def _made(layer: str, table: str) -> str:
    return f"create table {layer}.default.{table} as {_text(athena.FOLDER / layer / f'{table}.sql')}"


def _text(file: Path) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: DATABASES[found[1]], file.read_text())


def _plain(value: Any) -> Any:
    """Values of DuckDB and of Trino alike: Trino's instants are of milliseconds, its exact numbers come as texts."""
    match value:
        case bool() | None:
            return value
        case int() | float() | Decimal():
            return float(value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case list():
            return [_plain(each) for each in value]
    text = re.sub(r"\.000$", "", str(value))
    return float(text) if re.fullmatch(r"-?\d+\.\d+", text) else text


@pytest.mark.thorough
def test_silver_is_what_counts_of_each_day(jars: Path, tmp_path: Path) -> None:
    """Of each day the newest that passed; a day that was read again and is empty; what was compacted is no newer."""
    readings = next(d for d in sources.load("sensors").datasets if d.name == "sensor_readings")
    days = ["2024-05-01", "2024-05-02", "2024-05-03", "2024-05-04"]
    written = {
        "1": [(days[0], "old"), (days[1], "old"), (days[2], "old"), (days[3], "old")],
        "2": [(days[1], "new")],  # of the second and third day; of the third, nothing is left
        "3": [(days[0], "refused")],
        "4": [(days[0], "compacted"), (days[1], "compacted")],  # what 1 and 2 had read
    }
    notes = [
        ["1", ["2024-05-01", "2024-05-05"], [], "", "sensors"],
        ["2", ["2024-05-02", "2024-05-04"], [], "", "sensors"],
        ["3", ["2024-05-01", "2024-05-02"], [], "keys_unique", "sensors"],
        ["4", ["2024-05-01", "2024-05-03"], [[days[0], days[1], "1"], [days[1], days[2], "2"]], "", "sensors"],
        ["5", ["2024-05-01", "2024-05-05"], [], "", "apod"],
    ]
    known = [column.name for column in readings.columns]
    rows = [
        [{"reading_date": date.fromisoformat(day), "region": text}.get(name) for name in known] + [f"s3://b/{run}/f"]
        for run, rows in written.items()
        for day, text in rows
    ]
    statements = [
        *_files(readings, rows).statements(),
        *Table("stored.default.runs", NOTE, notes).statements(),
        _made("silver", "sensor_readings"),
        "select reading_date, region from silver.default.sensor_readings order by 1",
    ]
    *_, found = trino.execute(jars, tmp_path, statements)
    assert found == [[days[0], "compacted"], [days[1], "compacted"], [days[3], "old"]]
