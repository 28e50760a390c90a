"""The engine spark does what the local one does: the same rows, files that readers find, and errors for people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from etl import sources
from etl.core import errors
from etl.core.errors import ConfigError, LakeUnavailableError, PlatformError
from etl.core.intervals import DataInterval
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.engines import spark_session as starting
from etl.engines import work as pages
from etl.engines.local import LocalEngine
from etl.engines.spark import Wanted
from etl.lake import bronze, layout, parquet, silver
from etl.lake.layout import Stored
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.settings import SensorsSettings, Settings, SparkSettings
from etl.simulate import server
from etl.simulate.faults import Fault, Faults
from etl.sources.http.client import HttpClient
from etl.sources.sensors import simulator as sensors
from etl.sources.sensors.datasets import READINGS
from etl.sources.spacex import simulator as spacex
from etl.sql.statements import statement
from tests.cli.conftest import environment, libpq
from tests.conftest import HASTY
from tests.engines import spark as there
from tests.engines.cases import BEFORE, INSTANTS
from tests.engines.engines import of_arrow
from tests.engines.one_spark import OneSpark

DAYS = DataInterval(date(2024, 1, 30), date(2024, 2, 9))
GRID = {"rows": 3, "columns": 4, "sensors_per_request": 5}
APPS = {"sensors": partial(sensors.make_app, with_limits=False), "spacex": spacex.make_app}
FAULTS = {
    "sensors": Fault("malformed", field="daily.temperature_2m_max"),
    "spacex": Fault("malformed", path="/v5/launches"),
}
PIECE = 1  # bytes of a work: each page is one


def source_at(name: str, url: str = "http://127.0.0.1:1") -> Source:
    settings = Settings(sensors=SensorsSettings(**GRID)) if name == "sensors" else Settings()
    return sources.load(name, getattr(settings, name).model_copy(update={"base_url": url}))


@pytest.fixture
def served() -> Iterator[Callable[..., str]]:
    """`served("sensors", Fault("nan"))`: where that simulator answers."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda name, *faults: stack.enter_context(server.serve(APPS[name](Faults(list(faults))))).url


@pytest.fixture
def extracted(served: Callable[..., str], tmp_path: Path) -> Callable[..., tuple[Lake, str]]:
    """`extracted("spacex")`: a lake with the bronze of a run, and its id; some records break their contract."""

    def extract(name: str) -> tuple[Lake, str]:
        url, lake = served(name, FAULTS[name]), Lake(str(tmp_path / "bronze"))
        source = source_at(name, url)
        with HttpClient(name, url, HASTY) as client:
            interval = DAYS if name == "sensors" else None
            return lake, Pipeline(source, lake, 1.0, LocalEngine()).extract(client, interval)

    return extract


def copy(lake: Lake, place: str) -> Lake:
    other = Lake(place)
    for path in lake.list("bronze"):
        other.write(path, lake.read(path))
    return other


def told(lake: Lake, transformed: Transformed, source: Source) -> dict[str, Any]:
    """What a run became, except for the names of files and times: the rows bit by bit, in the order of their key."""
    rows = {}
    for dataset in source.datasets:
        table = pa.Table.from_batches(silver.batches(lake, transformed, dataset), dataset.schema)
        kept = table.drop_columns([name for name in ("processed_at",) if name in table.column_names])
        rows[dataset.name] = of_arrow(kept).bits()
    refused = sorted(map(repr, silver.quarantined(lake, transformed)))
    counts = (transformed.records, transformed.refused, transformed.rows, transformed.unknown_fields)
    return {"rows": rows, "refused": refused, "counts": counts}


@pytest.mark.parametrize("place", ["directory", pytest.param("s3", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("name", ["sensors", "spacex"])
def test_both_engines_make_the_same_of_the_same_bronze(
    name: str, place: str, spark: OneSpark, extracted: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    lake, extraction_id = extracted(name)
    source = source_at(name)
    here = told(lake, Pipeline(source, lake, 1.0, LocalEngine()).transform(extraction_id), source)
    elsewhere = copy(lake, str(tmp_path / "spark") if place == "directory" else request.getfixturevalue("s3"))
    assert told(elsewhere, spark(there.transform, elsewhere, name, extraction_id, PIECE), source) == here
    assert here["refused"]
    assert not elsewhere.list("parsed")


@pytest.mark.thorough
def test_a_task_that_is_killed_is_run_again_and_nothing_is_missing_or_twice(
    spark: OneSpark, extracted: Any, tmp_path: Path
) -> None:
    lake, extraction_id = extracted("sensors")
    source = source_at("sensors")
    killed = tmp_path / "killed"
    stale = layout.part("silver", READINGS.name, extraction_id, 99)
    lake.write(stale, b"an earlier try made more files")
    whole = told(lake, spark(there.transform, lake, "sensors", extraction_id, PIECE), source)
    again = told(lake, spark(there.transform, lake, "sensors", extraction_id, PIECE, str(killed)), source)
    assert killed.exists()
    assert again == whole
    [note] = lake.list("silver/_runs")
    files = json.loads(lake.read(note))["files"]["sensor_readings"]
    assert lake.list("silver/sensor_readings") == files
    assert len(lake.list("quarantine")) == 1, "the pieces without a rejected record have no file"


def test_a_work_unit_done_twice_writes_the_same_bytes_under_the_same_names(extracted: Any) -> None:
    lake, extraction_id = extracted("sensors")
    [endpoint] = source_at("sensors").endpoints
    manifest = bronze.read_manifest(lake, endpoint.name, extraction_id)
    [work] = pages.tasks(lake, endpoint, manifest, {"sensor_observations": "parsed"})

    def contents() -> dict[str, bytes]:
        pages.parse(work)
        return {path: lake.read(path) for layer in ("parsed", "quarantine") for path in lake.list(layer)}

    assert contents() == contents()


@pytest.mark.parametrize("place", ["directory", pytest.param("s3", marks=pytest.mark.thorough)])
def test_a_run_into_the_lake_gives_the_gold_that_the_local_engine_gives(
    place: str, spark: OneSpark, served: Any, new_database: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url, found = served("sensors"), {}
    urls = {"local": str(tmp_path / "local"), "spark": str(tmp_path / "spark")}
    if place == "s3":
        urls["spark"] = request.getfixturevalue("s3")
    for engine, lake_url in urls.items():
        settings = environment(
            libpq(new_database())
            | {f"ETL_SENSORS__{name}".upper(): str(value) for name, value in GRID.items()}
            | {"ETL_SENSORS__BASE_URL": url, "ETL_LAKE__URL": lake_url}
        )
        days = ["--from", str(DAYS.start), "--to", str(DAYS.end)]
        ended = spark(there.etl, ["run", "sensors", *days, "--engine", engine, "--destination", "lake"], settings)
        assert ended.code == 0, ended.err
        assert "120" in ended.out
        found[engine] = published_in(Lake(lake_url))
    assert all(found["spark"].values())
    assert found["spark"] == found["local"]


def published_in(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    """By table, its rows after its first run, but for bookkeeping."""
    source, tables = source_at("sensors"), {}
    for name, table in [("silver", READINGS), *(("gold", table) for table in source.gold)]:
        rows = parquet.batches(lake, lake.list(f"{layout.table(f'{name}.{table.name}')}/data"))
        columns = [column.name for column in table.columns if not column.is_bookkeeping]
        tables[table.name] = of_arrow(pa.Table.from_batches(rows, table.schema).select(columns)).bits()
    return tables


def readings(lake: Lake, number: int, *rows: dict[str, Any]) -> str:
    """A file of readings; columns that are not given are null, or an arbitrary value."""
    plain = {"sensor_id": "S", "region": "Z", "latitude": 1.0, "longitude": 1.0, "is_complete": True}
    plain |= {"data_quality_score": 100, "received_at": INSTANTS[0], "processed_at": INSTANTS[1]}
    path = layout.part("silver", READINGS.name, f"2024020{number}T000000Z-000000", number)
    table = pa.Table.from_pylist([plain | {"processing_version": "1"} | row for row in rows], READINGS.schema)
    with parquet.rows_into(lake, path, READINGS.schema) as writer:
        for batch in table.to_batches():
            writer.write(batch)
    return path


def made(spark: OneSpark, lake: Lake, table: Dataset, stored: list[Stored]) -> list[tuple[Any, ...]]:
    """Spark's gold, once it has proved to be the same as the local engine's."""
    tables = {"silver.sensor_readings": stored} | BEFORE
    rows = []
    for engine, select in (("spark", partial(spark, there.select)), ("local", LocalEngine().select)):
        path = partial(layout.part, "gold", f"{table.name}-{engine}", "20240203T000000Z-000000")
        selected = select(lake, statement(f"gold/{table.name}"), tables, table, path)
        found = pa.Table.from_batches(parquet.batches(lake, selected.files), table.schema)
        assert (found.num_rows, list(selected.files)) == (selected.rows, lake.list(f"gold/{table.name}-{engine}"))
        rows.append(of_arrow(found).bits())
    assert rows[0] == rows[1]
    return rows[0]


def gold_table(name: str) -> Dataset:
    [found] = [table for table in source_at("sensors").gold if table.name == name]
    return found


def test_only_the_days_that_count_are_read_from_a_file(spark: OneSpark, lake: Lake) -> None:
    days = [{"reading_date": date(2024, 1, day)} for day in (1, 2, 3, 4)]
    old, new = readings(lake, 1, *days), readings(lake, 2, *days[1:3])
    stored = [
        Stored(READINGS, (new,), DataInterval(date(2024, 1, 2), date(2024, 1, 4))),
        Stored(READINGS, (old,), DataInterval(date(2024, 1, 1), date(2024, 1, 2))),
        Stored(READINGS, (old,), DataInterval(date(2024, 1, 4), date(2024, 1, 5))),
    ]
    [month] = made(spark, lake, gold_table("sensor_quality"), stored)
    assert month[:2] == (date(2024, 1, 1), 4)


@pytest.mark.parametrize("name", ["sensor_region_months", "sensor_dry_spells", "sensor_quality"])
def test_without_rows_there_is_a_file_without_rows(name: str, spark: OneSpark, lake: Lake) -> None:
    assert made(spark, lake, gold_table(name), [Stored(READINGS, (readings(lake, 1),))]) == []


def test_only_what_a_statement_names_is_read() -> None:
    wanted = Wanted.by("select a.one, count(*) from silver.a as a join silver.b on a.two = b.two group by a.one")
    assert (wanted.tables, wanted.columns) == ({"silver.a": 1, "silver.b": 1}, {"one", "two"})
    assert Wanted.by("select * from silver.a").columns is None
    assert [column.name for column in Wanted.by("select count(*) from a.b").of(READINGS).columns] == ["reading_date"]


def damaged(lake: Lake, path: str) -> None:
    lake.write(path, b"no longer what it was")


def test_a_damaged_page_is_reported_as_by_the_local_engine(spark: OneSpark, extracted: Any) -> None:
    lake, extraction_id = extracted("sensors")
    damaged(lake, next(path for path in lake.list("bronze") if path.endswith(".gz")))
    with pytest.raises(LakeUnavailableError) as here:
        Pipeline(source_at("sensors"), lake, 1.0, LocalEngine()).transform(extraction_id)
    ended = spark(there.etl, ["transform", "sensors", "--engine", "spark"], environment({"ETL_LAKE__URL": lake.url}))
    assert ended.code == LakeUnavailableError.exit_code
    assert ended.err.splitlines()[-2:] == [f"error: {here.value.message}", f"hint: {here.value.hint}"]
    assert "Traceback" not in ended.err
    assert ended.out == ""


@pytest.mark.thorough
def test_a_damaged_file_of_rows_is_reported_as_well(spark: OneSpark, lake: Lake) -> None:
    path = readings(lake, 1, {"reading_date": date(2024, 1, 1)})
    damaged(lake, path)
    failed = spark(outcome_of, lake, [Stored(READINGS, (path,))])
    assert failed == (LakeUnavailableError.__name__, lake.damaged(path).message, lake.damaged(path).hint)


def outcome_of(lake: Lake, stored: list[Stored]) -> tuple[str, str, str]:
    """Runs where Spark does: how a select fails there."""
    table = gold_table("sensor_quality")
    path = partial(layout.part, "gold", table.name, "20240203T000000Z-000000")
    with pytest.raises(PlatformError) as told:
        there.select(lake, statement(f"gold/{table.name}"), {"silver.sensor_readings": stored}, table, path)
    return type(told.value).__name__, told.value.message, told.value.hint


def outcome_of_a_bug(lake: Lake) -> tuple[str, str]:
    with pytest.raises(PlatformError) as told:
        there.select(lake, "select reading_date from silver.sensor_readings", {}, READINGS, str)
    return type(told.value).__name__, told.value.message


def test_a_statement_that_makes_no_sense_is_a_bug_reported_in_one_line(spark: OneSpark, lake: Lake) -> None:
    name, message = spark(outcome_of_a_bug, lake)
    assert name == "PlatformError"
    assert message.startswith("This is a bug: Spark does not understand a statement: ")
    assert "\n" not in message


def test_every_error_of_ours_arrives_as_itself() -> None:
    for kind in (LakeUnavailableError, errors.AccessError, ConfigError):
        with pytest.raises(starting.TaskError) as under_way, starting.errors_to_driver():
            raise kind('what, "said" so\n', hint="do ä")
        with pytest.raises(kind) as arrived, starting.our_errors():
            raise ConnectionError(f"An error occurred while calling o1.x.\n: etl.TaskError: {under_way.value}\n at y")
        assert (arrived.value.message, arrived.value.hint) == ('what, "said" so\n', "do ä")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "An error occurred while calling o61.collect.\n: org.apache.spark.SparkException: Job aborted due to stage "
            "failure: Task 0 in stage 0.0 failed 4 times, most recent failure: Lost task 0.3 in stage 0.0 (TID 3) "
            "(10.0.0.7 executor 1): ExecutorLostFailure (executor 1 exited): OOM\nDriver stacktrace:\n\tat org.apache",
            "Spark gave up: ExecutorLostFailure (executor 1 exited): OOM.",
        ),
        ("[Errno 111] Connection refused", "Spark gave up: [Errno 111] Connection refused."),
    ],
)
def test_a_failure_of_sparks_own_may_be_retried(said: str, message: str) -> None:
    with pytest.raises(errors.TransientError) as told, starting.our_errors():
        raise ConnectionError(said)
    assert told.value.message == message


def test_without_pyspark_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(ConfigError, match=r"^This installation has no pyspark") as told:
        starting.session(SparkSettings()).__enter__()
    assert "pip install data-platform-etl[spark]" in told.value.hint


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (None, "There is no Java on the PATH, which the Spark engine needs."),
        ('openjdk version "11.0.25" 2024-10-15', "{java} is Java 11, too old for the Spark engine."),
        ('java version "1.8.0_431"', "{java} is Java 8, too old for the Spark engine."),
        ("segmentation fault", "{java} is not a working Java: segmentation fault."),
    ],
)
def test_without_a_java_that_suits_it_says_what_there_is(
    version: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = tmp_path / "java"
    if version:
        java.write_text(f"#!/bin/sh\necho '{version}' >&2\n")
        java.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ConfigError) as told:
        starting.session(SparkSettings()).__enter__()
    assert told.value.message == message.format(java=java)
    assert "default-jre-headless" in told.value.hint


def etl_alone(tmp_path: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with a Spark of its own."""
    places = {"TMPDIR": str(tmp_path / "tmp"), "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"}
    (tmp_path / "tmp").mkdir()
    settings = {"ETL_LOG__FORMAT": "json", "ETL_SPARK__MEMORY": "512m", **places, **settings}
    if home := os.environ.get("JAVA_HOME"):
        settings["JAVA_HOME"] = home
    return subprocess.run(
        [sys.executable, "-m", "etl", *arguments],
        cwd=tmp_path,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.mark.thorough  # a second JVM
@pytest.mark.usefixtures("spark")  # for its skip, and one after the other
def test_alone_it_starts_spark_prints_the_run_and_leaves_nothing_behind(extracted: Any, tmp_path: Path) -> None:
    lake, extraction_id = extracted("sensors")
    done = etl_alone(
        tmp_path, "transform", "sensors", "--engine", "spark", ETL_LAKE__URL=lake.url, ETL_QUARANTINE__MAX_SHARE="1"
    )
    assert (done.returncode, done.stdout) == (0, f"{extraction_id}\n"), done.stderr
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert set(events) == {"transformed", "records are refused", "step done"}
    assert list((tmp_path / "tmp").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bronze", "tmp"]


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ETL_SPARK__MASTER": "nowhere"}, "Spark does not start on nowhere: Master must either be yarn or start with"),
        pytest.param(
            {"ETL_SPARK__MEMORY": "99999999g"}, "Spark does not start on local[*]: ", marks=pytest.mark.thorough
        ),
    ],
)
def test_a_spark_that_does_not_start_is_reported_in_one_line(
    settings: dict[str, str], message: str, extracted: Any, tmp_path: Path
) -> None:
    lake, _ = extracted("sensors")
    done = etl_alone(tmp_path, "transform", "sensors", "--engine", "spark", ETL_LAKE__URL=lake.url, **settings)
    error, hint = done.stderr.splitlines()[-2:]
    assert done.returncode == ConfigError.exit_code
    assert error.startswith(f"error: {message}")
    assert "ETL_SPARK__MASTER" in hint
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []
