"""What Redshift has and what the ledger says agree again after any death in between, and after a restored backup."""

from __future__ import annotations

from datetime import timedelta

import pytest

from etl.core.errors import ConfigError, PlatformError, WarehouseUnavailableError
from etl.core.events import ignore
from etl.core.intervals import DataInterval
from etl.lake.store import Lake
from etl.pipeline.reconciliation import reconcile
from etl.postgres.connection import Warehouse
from etl.state import ledger
from tests.redshift.conftest import Played
from tests.redshift.test_publishing import run
from tests.warehouse import test_sensors as sensors
from tests.warehouse.states import GOLD, SILVER, changed, rows
from tests.warehouse.test_sensors import FIRST, TODAY

STATUSES = "select status from ops.run order by run_number"


def lost_after_commit(text: str) -> None:
    """The transaction is committed, but this side never hears of it."""
    if text == "commit":
        raise ConnectionError


@pytest.mark.thorough
def test_a_run_that_died_after_redshift_had_committed_is_recorded_by_the_next_one(
    lake: Lake, warehouse: Warehouse, database: str, redshift: Played
) -> None:
    redshift.door.after = lost_after_commit
    with pytest.raises(WarehouseUnavailableError, match="Redshift cannot be reached, or closed the connection"):
        run(warehouse, lake, redshift)
    redshift.door.after = lambda _: None
    assert rows(database, STATUSES) == [("failed",)]
    assert redshift.rows("select count(*) from silver.spacex_launches") == [(205,)]

    assert run(warehouse, lake, redshift).published.status == "unchanged"
    assert rows(database, STATUSES) == [("published",), ("unchanged",)]
    recorded = "select dataset from ops.run_dataset inner join ops.run using (run_id) where status = 'published'"
    assert {name for (name,) in rows(database, recorded)} == {*SILVER, *GOLD}
    marks = "select distinct destination, run_id = (select min(run_id) from ops.run) from ops.watermark"
    assert rows(database, marks) == [("redshift", True)]


@pytest.mark.thorough
def test_records_that_were_refused_by_a_run_that_died_are_kept_all_the_same(
    lake: Lake, warehouse: Warehouse, database: str, redshift: Played
) -> None:
    redshift.door.after = lost_after_commit
    with pytest.raises(PlatformError):
        run(warehouse, lake, redshift, changed())
    redshift.door.after = lambda _: None
    run(warehouse, lake, redshift, changed())
    kept = "select count(*) from ops.quarantine inner join ops.run using (run_id) where run_number = 1"
    assert rows(database, kept) == [(1,)]


@pytest.mark.thorough
def test_a_redshift_of_another_installation_is_refused(lake: Lake, warehouse: Warehouse, redshift: Played) -> None:
    redshift.execute("create schema ops")
    redshift.execute(
        "create table ops.published (source text, run_id text, extraction_id text, days text, outcomes text)"
    )
    redshift.execute("insert into ops.published values ('spacex', 'theirs', 'an extraction', '[]', '[]')")
    with pytest.raises(ConfigError, match="another installation's"):
        run(warehouse, lake, redshift)


@pytest.mark.thorough
def test_days_that_a_restored_redshift_has_lost_are_read_again(
    lake: Lake, warehouse: Warehouse, database: str, redshift: Played
) -> None:
    def published(today: object) -> DataInterval | None:
        with sensors.simulator() as url, sensors.pipeline_on(url, lake) as (pipeline, client):
            reconcile(warehouse, pipeline.source, redshift.destination(lake), lake, ignore)  # as Runtime.interval does
            days = ledger.next_interval(warehouse, pipeline.source, "redshift", today)  # type: ignore[arg-type]
            return pipeline.run(client, warehouse, days, redshift.destination(lake)).interval

    assert published(TODAY) == FIRST
    for table in ("silver.sensor_readings", "ops.published"):
        schema, name = table.split(".")
        redshift.execute(f"create table public.{schema}_{name} as table {table}")
    later = TODAY + timedelta(days=9)
    assert published(later) == DataInterval(TODAY - timedelta(days=5), later)
    assert redshift.rows("select count(*), max(reading_date) from silver.sensor_readings") == [
        (12 * 29, later - timedelta(days=1))
    ]
    for table in ("silver.sensor_readings", "ops.published"):
        schema, name = table.split(".")
        redshift.execute(f"delete from {table}")
        redshift.execute(f"insert into {table} select * from public.{schema}_{name}")

    assert published(later + timedelta(days=1)) == DataInterval(TODAY - timedelta(days=10), later + timedelta(days=1))
    assert rows(database, STATUSES) == [("published",), ("abandoned",), ("published",)]
    assert redshift.rows("select count(*) from silver.sensor_readings") == [(12 * 30,)]
