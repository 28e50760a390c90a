"""The lake's tables: what a run changes in them, when others see it, and how they stay small and whole."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from etl.core.errors import AuditError, ConfigError
from etl.core.events import Event, PublishingWaits, StepEnded, ignore
from etl.core.ids import new_id
from etl.core.intervals import DataInterval
from etl.core.tables import Column
from etl.destinations.lake import compaction
from etl.destinations.lake.access import locked, tables
from etl.destinations.lake.publication import LakeDestination
from etl.engines import local
from etl.engines.local import LocalEngine
from etl.lake import checking, layout, parquet, silver, sweeping
from etl.lake.store import Lake
from etl.lake.tables import MOST_MANIFESTS, Table
from etl.pipeline.pipeline import Pipeline
from etl.postgres.connection import Warehouse
from tests.unit.lake import days as small
from tests.unit.lake.days import FIRST, READINGS, days
from tests.warehouse.states import rows

SOURCE = replace(small.SOURCE, gold=())
NAME = "silver.readings"
RECORDED = """
    insert into ops.run (
        run_id, source, status, origin, destination, extraction_id, interval_start, interval_end, end_number
    )
    values (%(id)s, 'days', 'published', 'o', 'lake', %(id)s, %(start)s, %(end)s, 1)
"""
POINTERS = "select table_name, metadata_location from iceberg.iceberg_tables order by 1"


def publish(
    warehouse: Warehouse,
    lake: Lake,
    interval: DataInterval,
    value: str | None = "known",
    emit: Any = ignore,
    **options: Any,
) -> silver.Transformed:
    """Publish an extraction of these days, in which each has that value."""
    made = small.transformed(lake, new_id(), interval, value=value)
    pipeline = Pipeline(SOURCE, lake, 0.05, LocalEngine(), emit, **options)
    pipeline.publish(warehouse, made, LakeDestination(warehouse, lake, LocalEngine()))
    return made


def table(warehouse: Warehouse, lake: Lake) -> Table:
    found = tables(warehouse, lake).find(NAME, READINGS)
    assert found is not None
    return found


def seen(warehouse: Warehouse, lake: Lake) -> list[tuple[date, str]]:
    """The rows of the current snapshot."""
    found = table(warehouse, lake).stored() or READINGS.schema.empty_table()
    with local.lake_session(lake, {NAME: found}) as connection:
        listed = local.rows(connection, "select day, value from silver.readings order by day, value")
    return [(row["day"], row["value"]) for row in listed]


def told(*stretches: tuple[int, int, str]) -> list[tuple[date, str]]:
    return small.read_by(*stretches)


@pytest.fixture
def reader(database: str) -> Iterator[Warehouse]:
    """Another session, of somebody who may only read."""
    with Warehouse(database, role="analyst") as session:
        yield session


def test_each_run_replaces_its_days_and_no_others(warehouse: Warehouse, reader: Warehouse, lake: Lake) -> None:
    publish(warehouse, lake, days(0, 70), "first")
    publish(warehouse, lake, days(25, 33), "second")
    assert seen(reader, lake) == told((0, 25, "first"), (25, 33, "second"), (33, 70, "first"))
    files = [path.rsplit("-", 1)[1] for stored in table(reader, lake).stored() for path in stored.files]
    assert sorted(files) == ["202401.parquet", "202402.parquet", "202403.parquet"]
    assert table(reader, lake).rows == 70


def test_a_table_without_rows_has_one_snapshot_which_older_readers_want(warehouse: Warehouse, lake: Lake) -> None:
    with warehouse.transaction():
        made = tables(warehouse, lake).require(NAME, READINGS)
        for run in ("first", "second"):
            made.replace([], [], {layout.RUN_ID: run})
        assert (made.stored(), made.rows, made.about) == ([], 0, {layout.RUN_ID: "first"})
        assert b'"current-snapshot-id":' in lake.read(made.metadata_location.removeprefix(lake.location("")))


@pytest.mark.thorough
def test_days_that_come_back_empty_are_empty(warehouse: Warehouse, lake: Lake) -> None:
    publish(warehouse, lake, days(0, 5))
    nothing = replace(small.transformed(lake, new_id(), days(1, 3)), rows={"readings": 0})
    with parquet.rows_into(lake, nothing.files["readings"][0], READINGS.schema):
        pass
    pipeline = Pipeline(SOURCE, lake, 0.05, LocalEngine(), accepts_loss=True)
    pipeline.publish(warehouse, nothing, LakeDestination(warehouse, lake, LocalEngine()))
    assert [day for day, _ in seen(warehouse, lake)] == [FIRST, *(FIRST + timedelta(n) for n in (3, 4))]


def test_nobody_sees_a_run_until_it_is_committed_with_the_ledger(
    warehouse: Warehouse, reader: Warehouse, database: str, lake: Lake
) -> None:
    publish(warehouse, lake, days(0, 3), "old")
    before = rows(database, POINTERS)
    during: list[Any] = []

    def look(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == "publish":  # everything is written, nothing committed
            during.append((rows(database, POINTERS), seen(reader, lake), table(warehouse, lake).rows))

    publish(warehouse, lake, days(0, 4), "new", look)
    assert during == [(before, told((0, 3, "old")), 4)]
    assert rows(database, POINTERS) != before
    assert seen(reader, lake) == told((0, 4, "new"))


def test_an_audit_that_fails_leaves_every_pointer(warehouse: Warehouse, database: str, lake: Lake) -> None:
    publish(warehouse, lake, days(0, 3))
    before = rows(database, POINTERS)
    with pytest.raises(AuditError, match=r"readings\.no_known_value_lost") as caught:
        publish(warehouse, lake, days(1, 4), small.NOTHING)
    assert caught.value.exit_code == os.EX_DATAERR
    assert rows(database, POINTERS) == before
    assert rows(database, "select status from ops.run order by started_at") == [("published",), ("failed",)]
    publish(warehouse, lake, days(1, 4), small.NOTHING, accepts_loss=True)
    assert rows(database, POINTERS) != before


@pytest.mark.thorough
def test_a_key_that_is_there_twice_is_not_published(warehouse: Warehouse, lake: Lake) -> None:
    made = small.transformed(lake, new_id(), days(0, 2))
    twice = replace(made, files={"readings": made.files["readings"] * 2}, rows={"readings": 6})
    with pytest.raises(AuditError, match=r"readings\.keys_unique found 3 rows"):
        Pipeline(SOURCE, lake, 0.05, LocalEngine()).publish(
            warehouse, twice, LakeDestination(warehouse, lake, LocalEngine())
        )


def test_what_a_transaction_wrote_before_the_tables_joined_it_survives(
    warehouse: Warehouse, database: str, lake: Lake
) -> None:
    """SQLAlchemy's first look at a connection ends with a rollback."""
    with warehouse.transaction():
        warehouse.execute(RECORDED, {"id": "r", "start": FIRST, "end": FIRST})
        assert warehouse.run("publish/lock_source", {"source": "s"}) == [{"is_free": True}]
        tables(warehouse, lake).require(NAME, READINGS)
        locks = "select count(*) as held from pg_locks where classid = 49 and pid = pg_backend_pid()"
        assert warehouse.execute(locks) == [{"held": 1}]
    assert rows(database, "select run_id from ops.run") == [("r",)]
    assert rows(database, "select table_name from iceberg.iceberg_tables") == [("readings",)]


@pytest.mark.thorough
def test_a_transaction_that_is_rolled_back_takes_its_tables_with_it(warehouse: Warehouse, lake: Lake) -> None:
    with suppress(AssertionError), warehouse.transaction():
        tables(warehouse, lake).require(NAME, READINGS)
        raise AssertionError
    assert tables(warehouse, lake).names() == []


@pytest.mark.thorough
def test_of_two_runs_at_once_with_common_days_no_row_is_there_twice_and_none_is_lost(
    warehouse: Warehouse, database: str, lake: Lake
) -> None:
    publish(warehouse, lake, days(0, 40), "old")
    staged, waits, go = threading.Event(), threading.Event(), threading.Event()

    def hold(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == "stage":
            staged.set()
            assert go.wait(60)

    def note(event: Event) -> None:
        if isinstance(event, PublishingWaits):
            waits.set()

    def run(interval: DataInterval, value: str, emit: Any) -> None:
        with Warehouse(database, role="etl_loader", lock_timeout_s=60) as session:
            publish(session, lake, interval, value, emit)

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(run, days(20, 35), "first", hold)
        assert staged.wait(60)
        second = threads.submit(run, days(30, 50), "second", note)
        assert waits.wait(60)
        go.set()
        first.result(60)
        second.result(60)
    assert seen(warehouse, lake) == told((0, 20, "old"), (20, 30, "first"), (30, 50, "second"))


@pytest.mark.thorough
def test_a_table_gets_the_columns_that_a_later_version_declares(warehouse: Warehouse, lake: Lake) -> None:
    publish(warehouse, lake, days(0, 2))
    unit = Column("unit", pa.string(), "In which unit.", nullable=False)
    later = replace(READINGS, columns=(READINGS.columns[0], READINGS.columns[2], unit))
    with warehouse.transaction():
        found = tables(warehouse, lake).require(NAME, later)
    with local.lake_session(lake, {NAME: found.stored()}) as connection:
        counted = local.rows(connection, "select unit, count(read_at) as read from silver.readings group by unit")
    assert counted == [{"unit": None, "read": 2}]


@pytest.mark.thorough
def test_a_lake_of_an_earlier_version_is_taken_over_by_the_next_run(warehouse: Warehouse, lake: Lake) -> None:
    """It had no tables: what had been transformed was published, the newest extraction of each day."""
    for number, interval in enumerate((days(0, 40), days(30, 45), days(20, 33))):
        made = small.transformed(lake, small.id_of(9 - number), interval, value=f"run {number}")
        warehouse.execute(RECORDED, {"id": made.extraction_id, "start": interval.start, "end": interval.end})
    before = small.content(lake)
    assert before == told((0, 20, "run 0"), (20, 33, "run 2"), (33, 45, "run 1"))
    publish(warehouse, lake, days(44, 46), "new")
    assert seen(warehouse, lake) == [*before[:-1], *told((44, 46, "new"))]
    assert before == told((0, 20, "run 0"), (20, 33, "run 2"), (33, 45, "run 1"))
    publish(warehouse, lake, days(44, 46), "new")
    assert seen(warehouse, lake) == [*before[:-1], *told((44, 46, "new"))]


@pytest.mark.thorough
def test_what_was_only_transformed_is_not_taken_over(warehouse: Warehouse, lake: Lake) -> None:
    small.transformed(lake, small.id_of(2), days(0, 40), value="never published")
    publish(warehouse, lake, days(5, 6))
    assert seen(warehouse, lake) == told((5, 6, "known"))


# Keeping it small


@pytest.mark.thorough
def test_small_files_of_a_month_become_one_with_the_same_rows(warehouse: Warehouse, lake: Lake) -> None:
    publish(warehouse, lake, days(0, 40), "first")
    with warehouse.transaction():
        other = table(warehouse, lake)
        _append(other, lake, days(50, 52), other.about)
    before = seen(warehouse, lake)
    with locked(warehouse, SOURCE, ignore):
        [rewrite] = compaction.make_plan(tables(warehouse, lake), SOURCE, 2**20)
        assert len(rewrite.files) == 2
        assert [files for _, files in compaction.apply([rewrite], lake, LocalEngine())] == [1]
    assert seen(warehouse, lake) == before
    assert compaction.make_plan(tables(warehouse, lake), SOURCE, 2**20) == []
    assert table(warehouse, lake).about[layout.EXTRACTION_ID]


def _append(into: Table, lake: Lake, interval: DataInterval, about: Mapping[str, str]) -> None:
    """What another writer does."""
    path = layout.table_part(into.name, "another", 1)
    rows = [
        {"day": interval.start + timedelta(n), "value": "other"} for n in range((interval.end - interval.start).days)
    ]
    with parquet.rows_into(lake, path, into.dataset.schema) as file:
        file.write(pa.RecordBatch.from_pylist(rows, into.dataset.schema))
    into.replace([], [path], about)


@pytest.mark.parametrize("day", ["day", None], ids=["by months", "as a whole"])
def test_however_often_a_file_is_replaced_few_files_say_which_ones_there_are(
    warehouse: Warehouse, lake: Lake, day: str | None
) -> None:
    months = [days(number * 31, number * 31 + 1) for number in range(12)]
    with warehouse.transaction():
        into = tables(warehouse, lake).require(NAME, replace(READINGS, day=day))
        written = [_written(into, lake, month) for month in months]
        for path in written:
            into.replace([], [path], {})
        for number in range(40):
            newer = _written(into, lake, months[number % 12])
            into.replace([written[number % 12]], [newer], {})
            written[number % 12] = newer
    files = into.referred(into.snapshots[-1:])
    assert {file for file in files if file.endswith(".parquet")} == set(written)
    assert len(files - set(written)) <= MOST_MANIFESTS + 1, "manifests, and their list"
    assert [len(into.stored([month])[0].files) for month in months] == [1 if day else 12] * 12


def _written(into: Table, lake: Lake, interval: DataInterval) -> str:
    """A file of the table's with a row for the first of these days."""
    path = layout.table_part(into.name, new_id(), 1)
    with parquet.rows_into(lake, path, into.dataset.schema) as file:
        file.write(pa.RecordBatch.from_pylist([{"day": interval.start, "value": "one"}], into.dataset.schema))
    return path


def sweep(warehouse: Warehouse, lake: Lake, age: timedelta, now: datetime) -> sweeping.Sweep:
    with locked(warehouse, SOURCE, ignore):
        plan = sweeping.make_plan(lake, table(warehouse, lake), age, now)
        if plan.snapshots:
            plan.table.expire(plan.snapshots)
    sweeping.delete(lake, plan)
    return plan


@pytest.mark.thorough
def test_old_snapshots_go_with_their_files_and_what_is_current_stays(warehouse: Warehouse, lake: Lake) -> None:
    for value in ("1", "2", "3"):
        publish(warehouse, lake, days(0, 40), value)
    folder = layout.table(NAME)
    later = datetime.now(UTC) + timedelta(days=3)
    gone = sweep(warehouse, lake, timedelta(days=2), later)
    assert (len(gone.snapshots), gone.kept) == (2, 1)
    assert sum("/data/" in file.path for file in gone.files) == 4
    assert seen(warehouse, lake) == told((0, 40, "3"))
    assert {path for path in lake.list(folder) if "/data/" in path} == set(table(warehouse, lake).sizes())
    assert list(checking.check(lake, tables(warehouse, lake))) == []
    assert sweep(warehouse, lake, timedelta(days=2), later).snapshots == ()


@pytest.mark.thorough
def test_a_snapshot_that_was_current_since_then_stays_however_old_it_is(warehouse: Warehouse, lake: Lake) -> None:
    """A backup of the warehouse that was made in the meantime names it."""
    for value in ("1", "2"):
        publish(warehouse, lake, days(0, 2), value)
    [first, second] = table(warehouse, lake).snapshots
    superseded = datetime.fromtimestamp(second.timestamp_ms / 1000, UTC)
    for days_later, gone in ((29, ()), (31, (first.snapshot_id,))):
        now = superseded + timedelta(days=days_later)
        assert sweeping.make_plan(lake, table(warehouse, lake), timedelta(days=30), now).snapshots == gone


@pytest.mark.thorough
def test_files_of_a_run_that_may_be_under_way_stay(warehouse: Warehouse, lake: Lake) -> None:
    publish(warehouse, lake, days(0, 2))
    path = f"{layout.table(NAME)}/data/killed-000001.parquet"
    lake.write(path, b"half")
    now = datetime.now(UTC)
    assert sweep(warehouse, lake, timedelta(0), now + timedelta(hours=23)).files == ()
    assert [
        file.path
        for file in sweep(warehouse, lake, timedelta(0), now + timedelta(hours=25)).files
        if "/data/" in file.path
    ] == [path]
    assert seen(warehouse, lake) == told((0, 2, "known"))


# Keeping it whole


@pytest.mark.thorough
def test_a_lost_catalogue_is_made_again_from_the_newest_metadata(
    warehouse: Warehouse, database: str, lake: Lake
) -> None:
    publish(warehouse, lake, days(0, 3), "published")
    published = {run_id for (run_id,) in rows(database, "select run_id from ops.run where status = 'published'")}
    metadata = rows(database, POINTERS)
    with warehouse.transaction():
        _append(table(warehouse, lake), lake, days(5, 6), {})
        warehouse.raw.rollback()  # its metadata stays, and is the newest
    warehouse.execute("delete from iceberg.iceberg_tables")
    [finding] = checking.check(lake, tables(warehouse, lake))
    assert (finding.table, finding.is_lost) == (NAME, True)
    with warehouse.transaction():
        [repaired] = checking.repair(lake, tables(warehouse, lake), published.__contains__)
    assert rows(database, POINTERS) == metadata
    assert metadata == [("readings", lake.location(repaired.metadata or ""))]
    assert seen(warehouse, lake) == told((0, 3, "published"))
    assert list(checking.check(lake, tables(warehouse, lake))) == []


@pytest.mark.thorough
def test_a_file_that_is_missing_or_another_is_found(warehouse: Warehouse, lake: Lake) -> None:
    publish(warehouse, lake, days(0, 40))
    [one, other] = table(warehouse, lake).sizes()
    lake.delete(one)
    lake.write(other, b"another")
    says = [finding.says for finding in checking.check(lake, tables(warehouse, lake))]
    assert says == [
        f"1 of 2 files are missing, such as {one}.",
        f"1 of 2 files have another size, such as {other}.",
    ]


@pytest.mark.thorough
def test_tables_of_another_lake_are_refused(warehouse: Warehouse, lake: Lake, tmp_path: Path) -> None:
    publish(warehouse, lake, days(0, 3))
    (tmp_path / "lake" / "tables").rename(tmp_path / "moved")
    with pytest.raises(ConfigError, match=r"where the metadata of silver\.readings is") as caught:
        tables(warehouse, Lake(str(tmp_path / "other"))).find(NAME)
    assert "etl lake repair" in caught.value.hint
