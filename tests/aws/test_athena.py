"""What Athena is asked is executed by Trino, of which it is made, on the tables in Glue; it answers like the lake."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest

from aws import athena
from etl import sources
from etl.cli.ask import lake_answers
from etl.runtime import Runtime
from etl.settings import Settings
from tests.aws import trino
from tests.object_store import KEYS, object_store

__all__ = ["object_store"]

ETL = Path(sys.executable).parent / "etl"
PREFIX = "data_platform_test"
DATABASES = {layer: f"{PREFIX}_{layer}" for layer in ("silver", "gold")}
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
def runtime(object_store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """A lake with tables of several sources, which Glue follows; of the others, the tables are empty."""
    folder = tmp_path_factory.mktemp("lake")
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (KEYS | {"AWS_ENDPOINT_URL_GLUE": f"http://{object_store}"}).items():
            patched.setenv(name, value)
        account = {"endpoint_url": f"http://{object_store}", "region_name": "us-east-1"}
        boto3.client("s3", **account).create_bucket(Bucket="athena")
        for database in DATABASES.values():
            boto3.client("glue", **account).create_database(DatabaseInput={"Name": database})
        lake = {
            "url": f"s3://athena/lake?endpoint_override={object_store}&scheme=http&region=us-east-1",
            "catalog": "glue",
            "glue_prefix": PREFIX,
        }
        place = {f"ETL_LAKE__{name}".upper(): value for name, value in lake.items()}
        place["ETL_WAREHOUSE__EMBEDDED"] = str(folder / "warehouse")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ETL_", "PG"))}
        for source, days in RUNS.items():
            command = [ETL, "run", source, "--or-simulate", "--destination", "lake", *days]
            done = subprocess.run(command, env=inherited | place, cwd=folder, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
        settings = Settings(lake=lake, warehouse={"embedded": place["ETL_WAREHOUSE__EMBEDDED"]})
        found = Runtime(settings, is_elsewhere=False)
        make_empty_tables(found)
        yield found


def make_empty_tables(runtime: Runtime) -> None:
    with runtime.warehouse() as warehouse:
        for name in sources.NAMES:
            source = runtime.source(name)
            with runtime.locked_tables(warehouse, source) as tables:
                for dataset in source.datasets:
                    tables.require(f"silver.{dataset.name}", dataset).replace([], [], {})
                for dataset in source.gold:
                    tables.require(f"gold.{dataset.name}", dataset).replace([], [], {})
            runtime.follow(warehouse, source)


@pytest.mark.thorough
def test_athena_answers_as_the_lake_does(
    runtime: Runtime,
    object_store: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    subtests: pytest.Subtests,
) -> None:
    jars = trino.installed(tmp_path_factory.mktemp("trino"))
    questions = {file.stem: asked(file) for file in sorted(athena.FOLDER.glob("*/*.sql"))}
    results = trino.execute(jars, tmp_path, trino.of_glue(object_store), [*questions.values()])
    found = dict(zip(questions, results, strict=True))
    for name, rows in found.items():
        with subtests.test("Trino executes it", question=name):
            assert isinstance(rows, list), rows
    with runtime.tables() as tables:
        answers = {answer.name: answer.rows for name in RUNS for answer in lake_answers(runtime, tables, name)}
    assert len([rows for rows in answers.values() if rows]) >= ENOUGH
    for name, rows in answers.items():
        with subtests.test("its rows are the lake's", question=name):
            assert [list(map(plain, row)) for row in found[name]] == [list(map(plain, row.values())) for row in rows]


def asked(file: Path) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: DATABASES[found[1]], file.read_text())


def plain(value: Any) -> Any:
    """Values of DuckDB and of Trino alike: Trino's exact numbers and instants come as texts, of UTC."""
    match value:
        case bool() | None:
            return value
        case int() | float() | Decimal():
            return float(value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case list():
            return [plain(each) for each in value]
    text = re.sub(r"(:\d\d)\.\d+ UTC$", r"\1", str(value))
    return float(text) if re.fullmatch(r"-?\d+\.\d+", text) else text
