"""What is published into the lake says nothing about the warehouse, and vice versa: each has its own facts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from etl import destinations
from etl.core.errors import UsageError
from etl.core.intervals import DataInterval
from etl.lake.store import Lake
from etl.pipeline import backfill
from etl.pipeline.backfill import Every
from etl.pipeline.pipeline import Pipeline
from etl.pipeline.steps import Target, names
from etl.postgres.connection import Warehouse
from etl.sources.http.client import HttpClient
from tests.warehouse.test_metrics import series
from tests.warehouse.test_sensors import DAYS, FIRST, SENSORS, TODAY, into, pipeline_on, published, run, simulator

HERE = {*destinations.NAMES} - {"redshift"}  # which has tests of its own
LOOKBACK, DAY = timedelta(days=5), timedelta(days=1)
LATER = TODAY + timedelta(days=9)


@contextmanager
def simulated(lake: Lake) -> Iterator[tuple[Pipeline, HttpClient]]:
    with simulator() as url, pipeline_on(url, lake) as both:
        yield both


def spoilt(answer: list[dict[str, Any]]) -> None:
    """A day of the first sensor of each request that nobody can read."""
    answer[0]["daily"]["temperature_2m_max"][-1] = "warm"


@pytest.mark.thorough
def test_days_that_went_into_the_lake_leave_no_gap_in_the_warehouse(
    warehouse: Warehouse, database: str, lake: Lake
) -> None:
    run(warehouse, lake)
    with simulated(lake) as (pipeline, client):
        pipeline.run(client, warehouse, DataInterval(FIRST.start, LATER), into("lake", pipeline, warehouse))
    assert run(warehouse, lake, LATER).interval == DataInterval(TODAY - LOOKBACK, LATER)
    assert published(database, "select count(*) from silver.sensor_readings") == [SENSORS * (DAYS + 9)]


def test_a_run_into_the_lake_begins_where_the_lake_left_off(warehouse: Warehouse, database: str, lake: Lake) -> None:
    run(warehouse, lake, LATER)
    assert run(warehouse, lake, destination="lake").interval == FIRST
    tomorrow = TODAY + DAY
    assert run(warehouse, lake, tomorrow, destination="lake").interval == DataInterval(TODAY - LOOKBACK, tomorrow)
    marks = "select destination, next_start_date from ops.watermark order by destination"
    assert published(database, marks) == [("lake", tomorrow), ("warehouse", LATER)]


@pytest.mark.parametrize("destination", sorted(HERE))
def test_an_extraction_is_late_only_where_a_newer_one_is_published(
    warehouse: Warehouse, lake: Lake, destination: str
) -> None:
    [other] = HERE - {destination}
    with simulated(lake) as (pipeline, client):
        older = pipeline.transform(pipeline.extract(client, FIRST))
        newer = pipeline.transform(pipeline.extract(client, FIRST))
        assert pipeline.publish(warehouse, newer, into(other, pipeline, warehouse)).status == "published"
        assert pipeline.publish(warehouse, older, into(destination, pipeline, warehouse)).status == "published"
        assert pipeline.publish(warehouse, older, into(other, pipeline, warehouse)).status == "unchanged"


@pytest.mark.thorough
def test_what_the_warehouse_holds_stays_unchanged_whatever_went_into_the_lake(warehouse: Warehouse, lake: Lake) -> None:
    run(warehouse, lake)
    run(warehouse, lake, destination="lake")
    assert run(warehouse, lake).published.status == "unchanged"


def test_a_backfill_does_what_only_the_lake_has(warehouse: Warehouse, lake: Lake) -> None:
    with simulated(lake) as (pipeline, client):
        pipeline.run(client, warehouse, FIRST, into("lake", pipeline, warehouse))
        target = Target(into("warehouse", pipeline, warehouse), warehouse)
        plan = backfill.make_plan(pipeline, [target], FIRST, Every.parse("1year"))
    assert [tuple(names(planned.steps)) for planned in plan.intervals] == [("stage", "audit", "publish")]


def test_records_refused_on_the_way_into_the_lake_are_kept_until_it_reads_them_again(
    warehouse: Warehouse, database: str, lake: Lake
) -> None:
    still_open = (
        "select destination, count(*) from ops.quarantine inner join ops.run using (run_id) "
        "where resolved_at is null group by destination order by destination"
    )
    run(warehouse, lake, change=spoilt)
    run(warehouse, lake, change=spoilt, destination="lake")
    assert published(database, still_open) == [("lake", 3), ("warehouse", 3)]
    with simulated(lake) as (pipeline, client):
        pipeline.run(client, warehouse, FIRST, into("lake", pipeline, warehouse))
    assert published(database, still_open) == [("warehouse", 3)]


@pytest.mark.thorough
def test_metrics_are_about_the_warehouse_but_for_a_run_that_failed(
    warehouse: Warehouse, database: str, lake: Lake
) -> None:
    run(warehouse, lake)
    before = series(database)
    run(warehouse, lake, LATER, change=spoilt, destination="lake")
    after = series(database)
    name = "etl_source_last_run_timestamp_seconds"
    assert after.pop(name)["sensors",] > before.pop(name)["sensors",]
    assert after == before
    with (
        simulated(lake) as (pipeline, _),
        pytest.raises(UsageError),
        pipeline.attempt(warehouse, FIRST, into("lake", pipeline, warehouse)),
    ):
        raise UsageError("No.", hint="Do otherwise.")
    assert series(database)["etl_source_last_run_failed"] == {("sensors",): 1}
