"""Glue from the command line: what a run publishes into the lake, Athena finds there, whatever has happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pytest
from pyiceberg.catalog.glue import GlueCatalog

from etl import sources
from etl.core.tables import Dataset
from etl.simulate import server
from etl.sources.spacex import simulator as spacex
from tests.cli.conftest import libpq
from tests.cli.typed import known
from tests.object_store import KEYS, Watched, object_store, s3, watched
from tests.warehouse.states import rows

__all__ = ["object_store", "s3", "watched"]

pytestmark = pytest.mark.thorough

SOURCE = sources.load("spacex")
DATABASES = ("data_platform_silver", "data_platform_gold")
TABLES = {f"silver.{each.name}": each for each in SOURCE.datasets} | {f"gold.{each.name}": each for each in SOURCE.gold}


class Lake:
    """A lake on S3, and a process that publishes into it, for which Glue is behind a watched door."""

    def __init__(self, folder: Path, settings: Mapping[str, str], door: Watched, address: str) -> None:
        self._folder, self._settings, self.door = folder, settings, door
        self._glue: Any = boto3.client("glue", endpoint_url=f"http://{address}", region_name="us-east-1")
        place = {"s3.endpoint": f"http://{address}", "s3.region": "us-east-1"}
        self._catalogue = GlueCatalog("glue", self._glue, **place)

    def etl(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        with self.started(*arguments, **settings) as process:
            out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def started(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        environment = known(self._settings | settings)
        command = [sys.executable, "-m", "etl", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self._folder, env=environment, stdout=pipe, stderr=pipe, text=True)

    def shown(self) -> dict[str, list[tuple[Any, ...]]]:
        """By table, what Glue shows, without what says when it was read."""
        return {name: self._rows(name, table) for name, table in TABLES.items()}

    def _rows(self, name: str, table: Dataset) -> list[tuple[Any, ...]]:
        found: pa.Table = self._catalogue.load_table(f"data_platform_{name}").scan().to_arrow()
        read = found.select(columns(table)).to_pylist()
        return sorted((tuple(row.values()) for row in read), key=repr)


def columns(table: Dataset) -> list[str]:
    return [column.name for column in table.columns if not column.is_bookkeeping]


def published(dsn: str) -> dict[str, list[tuple[Any, ...]]]:
    """The same of the warehouse."""
    found = {name: rows(dsn, f"select {', '.join(columns(table))} from {name}") for name, table in TABLES.items()}
    return {name: sorted(map(tuple, held), key=repr) for name, held in found.items()}


@pytest.fixture
def lake(s3: str, object_store: str, watched: Watched, database: str, tmp_path: Path) -> Iterator[Lake]:
    with server.serve(spacex.make_app()) as simulator:
        settings = {
            **KEYS,
            **libpq(database),
            "ETL_SPACEX__BASE_URL": simulator.url,
            "ETL_LAKE__URL": s3,
            "ETL_LAKE__CATALOG": "glue",
            "AWS_ENDPOINT_URL_GLUE": watched.address,
            "AWS_MAX_ATTEMPTS": "1",
        }
        client: Any = boto3.client("glue", endpoint_url=f"http://{object_store}", region_name="us-east-1")
        for name in DATABASES:
            client.create_database(DatabaseInput={"Name": name})
        yield Lake(tmp_path, settings, watched, object_store)
        for name in DATABASES:
            client.delete_database(Name=name)


def done(call: subprocess.CompletedProcess[str]) -> str:
    assert call.returncode == 0, call.stderr
    return call.stdout


def test_what_glue_shows_equals_the_warehouse(lake: Lake, database: str) -> None:
    done(lake.etl("run", "spacex", "--destination", "both"))
    shown = lake.shown()
    assert shown == published(database)
    assert len(shown["gold.core_usage"]) > 70
    assert "the lake holds what the catalogue says" in done(lake.etl("lake", "check"))
    assert "There is nothing to repair" in done(lake.etl("lake", "repair"))


@pytest.mark.parametrize("then", [("publish", "spacex", "--destination", "lake"), ("lake", "repair")])
def test_killed_between_the_commit_and_glue_the_next_command_puts_it_right(
    lake: Lake, database: str, then: tuple[str, ...]
) -> None:
    with lake.started("run", "spacex", "--destination", "both") as process:

        def kill(_request: str) -> str:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return "503 Service Unavailable"

        lake.door.before = kill  # Glue is first asked after the commit
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert {tuple(row) for row in rows(database, "select destination, status from ops.run")} == {
        ("warehouse", "published"),
        ("lake", "published"),
    }
    lake.door.before = lambda _: None
    check = lake.etl("lake", "check")
    assert check.returncode == os.EX_TEMPFAIL
    assert "gold.core_usage: Glue leads to no such table, which is not what is published." in check.stdout
    done(lake.etl(*then))
    assert lake.shown() == published(database)
    done(lake.etl("lake", "check"))


def test_while_glue_is_down_runs_publish_and_end_with_exit_code_75(lake: Lake, database: str) -> None:
    lake.door.before = lambda _: "503 Service Unavailable"
    lake.door.error = b'{"__type": "ServiceUnavailableException"}'
    ran = lake.etl("run", "spacex", "--destination", "both")
    assert ran.returncode == os.EX_TEMPFAIL
    error, hint = ran.stderr.splitlines()[-2:]
    assert error.startswith("error: silver.spacex_launches is published, but Glue does not lead to it yet: ")
    assert hint == "hint: `etl lake repair`, or the next run of its source, puts Glue right."
    assert {tuple(row) for row in rows(database, "select destination, status from ops.run")} == {
        ("warehouse", "published"),
        ("lake", "published"),
    }
    lake.door.before = lambda _: None
    repaired = done(lake.etl("lake", "repair")).splitlines()
    assert len(repaired) == len(TABLES)
    assert all(line.startswith("gold.") for line in repaired[-len(SOURCE.gold) :])
    assert lake.shown() == published(database)


def test_without_boto3_it_says_what_to_install(lake: Lake, database: str, tmp_path: Path) -> None:
    (tmp_path / "boto3.py").write_text("raise ModuleNotFoundError(\"No module named 'boto3'\")")
    refused = lake.etl("run", "spacex", "--destination", "lake", PYTHONPATH=str(tmp_path))
    assert refused.returncode == os.EX_CONFIG
    assert "lacks boto3" in refused.stderr
    assert "pip install boto3" in refused.stderr
    assert rows(database, "select * from ops.run") == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ETL_LAKE__URL": ".data/lake"}, "where Glue leads nobody"),
        ({"ETL_LAKE__CATALOG": "hive"}, "ETL_LAKE__CATALOG: Input should be 'postgres' or 'glue'"),
        ({"ETL_LAKE__GLUE_PREFIX": "Data-Platform"}, "ETL_LAKE__GLUE_PREFIX: "),
    ],
)
def test_settings_that_cannot_be_right_are_refused_before_anything_is_published(
    lake: Lake, database: str, settings: Mapping[str, str], said: str
) -> None:
    refused = lake.etl("run", "spacex", "--destination", "lake", **settings)
    assert refused.returncode == os.EX_CONFIG
    assert said in refused.stderr
    assert rows(database, "select * from ops.run") == []
