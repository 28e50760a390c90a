"""Migrations: from nothing to the newest version, all or nothing, once, whoever else migrates at the same time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg2
import pytest

from etl.core.errors import AccessError, ConfigError, WarehouseUnavailableError
from etl.core.intervals import DataInterval
from etl.postgres.connection import Warehouse
from etl.sql.statements import folder
from etl.state import migrations
from tests.conftest import ROOT
from tests.warehouse.states import owner, rows, value
from tests.warehouse.test_in_place import every_day, publish

NewDatabase = Callable[..., str]
OBJECTS = """
select relnamespace::regnamespace::text, relname, relkind::text, relacl::text
from pg_class where relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
and relnamespace::regnamespace::text not like 'pg_toast%' order by 1, 2
"""
MIGRATE = "from etl.state import migrations; from etl.postgres.connection import Warehouse; import sys\n" + (
    "with Warehouse(sys.argv[1]) as owner: print(','.join(migrations.migrate(owner)))"
)

BEFORE_SINKS = """
insert into ops.run (run_id, source, status, origin) values
('into the warehouse', 'spacex', 'published', 'a test'), ('into the lake', 'sensors', 'published', 'a test');
insert into ops.run_dataset values
('into the warehouse', 'spacex_cores', 1, 1, '1:2', true),
('into the lake', 'sensor_readings', 1, 1, 'in the lake', true);
insert into ops.watermark values
('spacex_cores', '2026-06-19', '2026-06-20', 'into the warehouse'),
('sensor_readings', '2026-06-20', '2026-06-21', 'into the lake');
"""

BEFORE_MONTHS = """
create table parts.sensor_readings partition of silver.sensor_readings for values from (minvalue) to (maxvalue);
insert into silver.sensor_readings (
    sensor_id, region, latitude, longitude, reading_date, precipitation, is_complete, data_quality_score, received_at,
    processed_at, processing_version
)
select 'SENSOR_000' || sensor, 'ZONE_' || sensor % 2, sensor, 13.4, day, 1.5, false, 30, now(), now(), '1'
from generate_series(1, 3) as sensor
cross join generate_series('2024-01-01'::timestamp, '2024-03-10', '1 day') as day;
create view public.on_readings as select sensor_id from silver.sensor_readings;
"""


@pytest.fixture
def empty(new_database: NewDatabase) -> str:
    return new_database(migrated=False)


@pytest.fixture
def broken_last_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of statements with one more migration, which fails after it has made something."""
    there = tmp_path / "sql"
    shutil.copytree(folder(), there)
    versions = there / "migrations" / "versions"
    script = (versions / "0002_ledger.py").read_text()
    newest = migrations.newest()
    script = script.replace('"0002"', '"9998"').replace('"0001"', f'"{newest}"')
    (versions / "9998_broken.py").write_text(script)
    (versions / "9998_broken.sql").write_text("create table silver.half (id int);\nselect 1 / 0;\n")
    monkeypatch.setattr(migrations, "folder", lambda: there)


def test_from_nothing_to_the_newest_version_and_a_second_time_does_nothing(empty: str) -> None:
    with Warehouse(empty) as session:
        assert migrations.current(session) is None
        assert migrations.migrate(session)[-1] == migrations.newest()
        migrations.require_current(session)
        before = rows(empty, OBJECTS)
        assert migrations.migrate(session) == []
        assert session.raw.autocommit
    assert rows(empty, OBJECTS) == before
    assert rows(empty, "select version_num from ops.schema_version") == [(migrations.newest(),)]


def test_every_table_and_function_says_what_it_is(database: str) -> None:
    silent = rows(
        database,
        "select oid::regclass::text from pg_class where relkind in ('r', 'p') and relname != 'schema_version' "
        "and relnamespace::regnamespace::text in ('ops', 'silver', 'gold', 'iceberg') and obj_description(oid) is null "
        "union all select oid::regproc::text from pg_proc "
        "where pronamespace = 'ops'::regnamespace and obj_description(oid) is null",
    )
    assert silent == []


def test_two_that_migrate_at_once_take_turns_and_only_one_applies_anything(empty: str) -> None:
    with owner(empty) as holder:
        holder.execute("select pg_advisory_lock(47, 0)")
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        both = [
            subprocess.Popen([sys.executable, "-c", MIGRATE, empty], stdout=subprocess.PIPE, text=True, env=environment)
            for _ in range(2)
        ]
        while value(empty, "select count(*) from pg_locks where not granted and classid = 47 and objid = 0") < 2:
            assert all(process.poll() is None for process in both)
        holder.execute("select pg_advisory_unlock(47, 0)")
    said = sorted(process.communicate(timeout=60)[0].strip() for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == ""
    assert said[1].endswith(migrations.newest())
    assert rows(empty, "select version_num from ops.schema_version") == [(migrations.newest(),)]


def test_a_database_without_migrations_says_what_to_do(empty: str) -> None:
    with Warehouse(empty) as session:
        with pytest.raises(ConfigError, match=f"has no migrations, this code needs version {migrations.newest()}") as c:
            migrations.require_current(session)
        assert "etl migrate" in c.value.hint


def test_an_older_version_is_named(database: str) -> None:
    with Warehouse(database) as session:
        session.execute("update ops.schema_version set version_num = '0001'")
        with pytest.raises(ConfigError, match=f"has version 0001, this code needs version {migrations.newest()}"):
            migrations.require_current(session)


def test_an_older_version_that_is_being_migrated_is_waited_for(database: str) -> None:
    with owner(database) as migrating:
        migrating.execute("update ops.schema_version set version_num = '0001'")
    outcome: list[BaseException | None] = []

    def begin() -> None:
        try:
            with Warehouse(database) as session:
                migrations.require_current(session)
            outcome.append(None)
        except BaseException as error:  # the test judges it
            outcome.append(error)

    with owner(database) as migrating:
        migrating.execute("begin")
        migrating.execute("select pg_advisory_xact_lock(47, 0)")
        run = threading.Thread(target=begin)
        run.start()
        waits = "select count(*) from pg_locks where locktype = 'advisory' and classid = 47 and not granted"
        until = time.monotonic() + 30
        while value(database, waits) == 0:
            assert time.monotonic() < until, outcome
        migrating.execute("update ops.schema_version set version_num = %s", [migrations.newest()])
        migrating.execute("commit")
        run.join(30)
    assert outcome == [None]


def test_a_version_newer_than_this_code_is_left_alone(database: str) -> None:
    with Warehouse(database) as session:
        session.execute("update ops.schema_version set version_num = '9999'")
        before = rows(database, OBJECTS)
        for refuse in (migrations.require_current, migrations.migrate):
            with pytest.raises(ConfigError, match="has version 9999, this code knows only") as caught:
                refuse(session)
            assert "newer release" in caught.value.hint
    assert rows(database, OBJECTS) == before


@pytest.mark.usefixtures("broken_last_version")
def test_a_failure_in_the_middle_leaves_nothing_of_any_version(empty: str) -> None:
    with Warehouse(empty) as session:
        with pytest.raises(psycopg2.errors.DivisionByZero):
            migrations.migrate(session)
        assert session.raw.autocommit
        assert session.execute("select 1 as one") == [{"one": 1}]
        assert migrations.current(session) is None
    assert rows(empty, OBJECTS) == []
    assert value(empty, "select count(*) from pg_namespace where nspname in ('ops', 'silver', 'gold')") == 0


@pytest.mark.usefixtures("broken_last_version")
def test_a_failing_upgrade_leaves_the_version_that_was_there(database: str) -> None:
    before = rows(database, OBJECTS)
    with Warehouse(database) as session, pytest.raises(psycopg2.errors.DivisionByZero):
        migrations.migrate(session)
    assert rows(database, OBJECTS) == before


def test_earlier_facts_are_the_warehouses_except_those_that_a_run_into_the_lake_left(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _migrate_to("0007", empty, tmp_path, monkeypatch)
    with owner(empty) as cursor:
        cursor.execute(BEFORE_SINKS)
    with Warehouse(empty) as session:
        assert migrations.migrate(session)[0] == "0008"
    assert rows(empty, "select run_id, destination from ops.run order by run_id") == [
        ("into the lake", "lake"),
        ("into the warehouse", "warehouse"),
    ]
    marks = "select dataset, destination, next_start_date::text from ops.watermark order by dataset, destination"
    before = [("sensor_readings", "lake", "2026-06-21"), ("spacex_cores", "warehouse", "2026-06-20")]
    assert rows(empty, marks) == before
    with Warehouse(empty, role="etl_loader") as loader:
        told = {"dataset": "spacex_cores", "destination": "lake", "end": "2026-06-19", "run_id": "into the lake"}
        loader.run("ledger/move_watermark", told)
    assert rows(empty, marks) == [before[0], ("spacex_cores", "lake", "2026-06-19"), before[1]]


def test_earlier_runs_are_numbered_by_their_time(empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _migrate_to("0009", empty, tmp_path, monkeypatch)
    with owner(empty) as cursor:
        cursor.execute(
            "insert into ops.run (run_id, source, status, origin, started_at, ended_at) values "
            "('quick', 'spacex', 'published', 'a test', '2026-01-02', '2026-01-03'), "
            "('slow', 'spacex', 'failed', 'a test', '2026-01-01', '2026-01-04'), "
            "('alive', 'spacex', 'running', 'a test', '2026-01-05', null)"
        )
    with Warehouse(empty) as session:
        assert migrations.migrate(session)[0] == "0010"
    numbered = "select run_id, run_number, end_number from ops.run order by run_number"
    assert rows(empty, numbered) == [("slow", 1, 4), ("quick", 2, 3), ("alive", 5, None)]
    with owner(empty) as cursor:
        cursor.execute("update ops.run set ended_at = now() where run_id = 'alive'")
    assert value(empty, "select max(end_number) from ops.run") == 6


def test_earlier_readings_move_into_months_and_views_on_them_stay(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _migrate_to("0011", empty, tmp_path, monkeypatch)
    with owner(empty) as cursor:
        cursor.execute(BEFORE_MONTHS)
    everything = "select * from silver.sensor_readings order by sensor_id, reading_date"
    before = rows(empty, everything)
    assert len(before) == 3 * 70
    with Warehouse(empty) as session:
        assert migrations.migrate(session)[0] == "0012"
    assert rows(empty, everything) == before
    assert value(empty, "select count(*) from public.on_readings") == len(before)
    assert rows(
        empty, "select relid::regclass::text from pg_partition_tree('silver.sensor_readings') where isleaf"
    ) == [(f"parts.sensor_readings_2024_0{month}",) for month in (1, 2, 3)]
    with pytest.raises(psycopg2.errors.UniqueViolation):
        rows(empty, "insert into silver.sensor_readings select * from silver.sensor_readings limit 1")

    days = DataInterval(date(2024, 2, 28), date(2024, 4, 2))
    outcomes = publish(empty, days, every_day(days, 1))
    assert outcomes["sensor_readings"].rows_published == value(empty, "select count(*) from silver.sensor_readings")
    made = rows(empty, "select month_start_date from gold.sensor_quality order by 1")
    assert made == [(date(2024, month, 1),) for month in (1, 2, 3, 4)]  # also what the run did not read


def test_only_an_owner_may_migrate_and_anybody_else_is_told_so(empty: str) -> None:
    with Warehouse(empty, role="pg_monitor") as session, pytest.raises(AccessError, match="permission denied"):
        migrations.migrate(session)
    assert rows(empty, OBJECTS) == []


def test_migrating_waits_for_the_other_no_longer_than_the_lock_timeout(empty: str) -> None:
    with owner(empty) as holder:
        holder.execute("select pg_advisory_lock(47, 0)")
        with Warehouse(empty, lock_timeout_s=0.1) as session, pytest.raises(WarehouseUnavailableError):
            migrations.migrate(session)


def _migrate_to(version: str, dsn: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no later version had been written yet."""
    with monkeypatch.context() as patch, Warehouse(dsn) as session:
        patch.setattr(migrations, "folder", lambda: _until(version, place))
        assert migrations.migrate(session)[-1] == version


def _until(version: str, place: Path) -> Path:
    """The folder of statements as it was with that version."""
    there = place / "sql"
    if not there.exists():
        shutil.copytree(folder(), there)
        for file in (there / "migrations" / "versions").glob("[0-9]*"):
            if file.name[:4] > version:
                file.unlink()
    return there
