"""What was known is never replaced by less without a person's consent, whichever destination it goes into."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from etl.core.errors import AuditError
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline, Summary
from etl.postgres.connection import Warehouse
from etl.simulate import server
from etl.sources.spacex import simulator as spacex
from tests.conftest import client_of, spacex_at
from tests.lakes import content
from tests.warehouse.states import Snapshot, snapshot, value
from tests.warehouse.states import published as everything
from tests.warehouse.test_coverage import DAY, LOOKBACK, TODAY, run, unknown_from
from tests.warehouse.test_sensors import into, published, source_at

both = pytest.mark.parametrize("destination", ["warehouse", pytest.param("lake", marks=pytest.mark.thorough)])
KNOWN = "select count(*) from silver.sensor_readings where temperature_max is not null"


def run_spacex(
    warehouse: Warehouse, lake: Lake, facts: Snapshot, destination: str = "warehouse", *, accepts_loss: bool = False
) -> Summary:
    with server.serve(spacex.make_app(snapshot=facts)) as simulator, client_of(simulator.url) as client:
        pipeline = Pipeline(spacex_at(simulator.url), lake, 0.05, LocalEngine(), accepts_loss=accepts_loss)
        return pipeline.run(client, warehouse, None, into(destination, pipeline, warehouse))


def without(facts: Snapshot, name: str, count: int) -> Snapshot:
    return facts | {name: facts[name][count:]}


@both
def test_a_value_that_comes_back_unknown_stops_the_run(warehouse: Warehouse, lake: Lake, destination: str) -> None:
    run(warehouse, lake, TODAY, destination)
    with pytest.raises(AuditError, match="temperature_max") as caught:
        run(warehouse, lake, TODAY + DAY, destination, change=unknown_from(TODAY - DAY, until=TODAY))
    assert caught.value.audit == "sensor_readings.no_known_value_lost"
    assert caught.value.offending_rows == 12
    assert "--accept-loss" in caught.value.hint


@both
def test_once_the_source_knows_it_again_the_next_run_reads_everything(
    warehouse: Warehouse, lake: Lake, destination: str
) -> None:
    run(warehouse, lake, TODAY, destination)
    for days in (1, 2):
        with pytest.raises(AuditError):
            run(warehouse, lake, TODAY + days * DAY, destination, change=unknown_from(TODAY - 2 * DAY, until=TODAY))
    assert run(warehouse, lake, TODAY + 3 * DAY, destination).start == TODAY - LOOKBACK
    assert warehouse.run("ledger/gaps") == []


def test_the_lake_goes_on_with_what_it_knew(warehouse: Warehouse, lake: Lake) -> None:
    run(warehouse, lake, TODAY, "lake")
    with pytest.raises(AuditError):
        run(warehouse, lake, TODAY + DAY, "lake", change=unknown_from(TODAY - DAY, until=TODAY))
    source = source_at("http://nowhere.invalid")
    assert content(warehouse, lake, source)["silver.sensor_readings"][-1]["reading_date"] == TODAY - DAY
    run(warehouse, lake, TODAY + 2 * DAY, "lake", start=TODAY)
    days = {row["reading_date"] for row in content(warehouse, lake, source)["silver.sensor_readings"]}
    assert (len(days), max(days)) == ((TODAY + 2 * DAY - min(days)).days, TODAY + DAY)


def test_what_someone_accepts_is_lost(warehouse: Warehouse, lake: Lake, database: str) -> None:
    run(warehouse, lake)
    [before] = published(database, KNOWN)
    forgotten = unknown_from(TODAY - DAY, until=TODAY)
    with pytest.raises(AuditError):
        run(warehouse, lake, TODAY + DAY, change=forgotten)
    run(warehouse, lake, TODAY + DAY, change=forgotten, accepts_loss=True)
    assert published(database, KNOWN) == [before]


def test_what_was_never_known_may_stay_unknown(warehouse: Warehouse, lake: Lake) -> None:
    forgotten = unknown_from(TODAY - DAY, until=TODAY)
    run(warehouse, lake, change=forgotten)
    assert run(warehouse, lake, TODAY + DAY, change=forgotten).start < TODAY


@both
@pytest.mark.parametrize("count", [pytest.param(5, marks=pytest.mark.thorough), 18])
def test_a_whole_state_that_lost_more_than_a_few_rows_needs_consent(
    warehouse: Warehouse, lake: Lake, database: str, destination: str, count: int
) -> None:
    run_spacex(warehouse, lake, snapshot(), destination)
    before = everything(database)
    with pytest.raises(AuditError) as caught:
        run_spacex(warehouse, lake, without(snapshot(), "payloads", count), destination)
    assert caught.value.audit == "spacex_payloads.few_rows_lost"
    assert caught.value.offending_rows == count
    assert everything(database) == before
    done = run_spacex(warehouse, lake, without(snapshot(), "payloads", count), destination, accepts_loss=True)
    assert done.published.status == "published"


def test_a_few_lost_rows_are_counted(
    warehouse: Warehouse, lake: Lake, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from etl.cli.console import runs

    run_spacex(warehouse, lake, snapshot())
    done = run_spacex(warehouse, lake, without(snapshot(), "payloads", 2))
    runs.show_summary(done)
    assert "2 rows of spacex_payloads went" in capsys.readouterr().out
    lost = "select rows_lost from ops.run_dataset where run_id = %s and dataset = 'spacex_payloads'"
    assert value(database, lost, (done.run_id,)) == 2


def test_a_field_that_comes_back_empty_stops_the_run(warehouse: Warehouse, lake: Lake) -> None:
    run_spacex(warehouse, lake, snapshot())
    facts: dict[str, list[dict[str, Any]]] = snapshot()
    facts["launches"][0]["success"] = None
    with pytest.raises(AuditError) as caught:
        run_spacex(warehouse, lake, facts)
    assert caught.value.audit == "spacex_launches.no_known_value_lost"
    assert caught.value.sample[0]["launch_id"] == facts["launches"][0]["id"]


def test_lake_and_warehouse_compare_only_the_days_that_were_read(warehouse: Warehouse, lake: Lake) -> None:
    run(warehouse, lake, TODAY, "lake")
    run(warehouse, lake, TODAY + timedelta(days=3), "lake", start=TODAY + DAY)
