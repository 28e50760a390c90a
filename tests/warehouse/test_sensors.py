"""A source that is read by days: what is published once is read again for a while, and only what is new changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from etl import destinations, sources
from etl.core.api import Limit
from etl.core.errors import AuditError, BudgetSpentError, ConfigError, UsageError
from etl.core.events import ignore
from etl.core.intervals import DataInterval
from etl.core.pages import PageContext
from etl.core.source import Part, Source
from etl.destinations.base import Destination
from etl.destinations.lake.publication import LakeDestination
from etl.destinations.postgres.publication import PostgresDestination
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline import replay
from etl.pipeline.pipeline import Pipeline, Summary
from etl.pipeline.selection import complete_extraction
from etl.postgres.connection import Warehouse
from etl.settings import SensorsSettings
from etl.simulate import server
from etl.simulate.faults import Fault, Faults
from etl.sources.http.client import HttpClient
from etl.sources.sensors import simulator as sensors
from etl.state import ledger
from etl.state.budget import Budget
from tests.conftest import HASTY
from tests.warehouse.states import owner

SENSORS, DAYS = 12, 20
TODAY = date(2026, 6, 21)
FIRST = DataInterval(TODAY - timedelta(days=DAYS), TODAY)
RUN_ID = "20260621T060000Z-000000"
Change = Callable[[list[dict[str, Any]]], None]


def source_at(url: str, **settings: Any) -> Source:
    grid = {"rows": 3, "columns": 4, "sensors_per_request": 5, "days": DAYS}
    return sources.load("sensors", SensorsSettings(base_url=url, **grid | settings))


@contextmanager
def simulator(*faults: Fault, change: Change | None = None) -> Iterator[str]:
    """The simulated archive, whose answers `change` may edit."""
    app = sensors.make_app(Faults(list(faults)))

    def edited(environ: Any, start_response: Any) -> Any:
        body, status, headers = run_wsgi_app(app, environ)
        response = Response(body, status, headers)
        if change is not None and response.status_code == 200 and isinstance(answer := json.loads(response.data), list):
            change(answer)
            response.data = json.dumps(answer).encode()
        return response(environ, start_response)

    with server.serve(edited) as running:
        yield running.url


@contextmanager
def pipeline_on(url: str, lake: Lake, **settings: Any) -> Iterator[tuple[Pipeline, HttpClient]]:
    source = source_at(url, **settings)
    with HttpClient("sensors", url, HASTY) as client:
        yield Pipeline(source, lake, 0.05, LocalEngine()), client


def run(
    warehouse: Warehouse,
    lake: Lake,
    today: date = TODAY,
    change: Change | None = None,
    destination: str = destinations.DEFAULT,
) -> Summary:
    """A run without dates, as of that day."""
    with simulator(change=change) as url, pipeline_on(url, lake) as (pipeline, client):
        days = ledger.next_interval(warehouse, pipeline.source, destination, today)
        return pipeline.run(client, warehouse, days, into(destination, pipeline, warehouse))


def into(name: str, pipeline: Pipeline, warehouse: Warehouse) -> Destination:
    """The destination of that name."""
    known = PostgresDestination(warehouse), LakeDestination(warehouse, pipeline.lake, pipeline.engine)
    return {each.name: each for each in known}[name]


def published(dsn: str, query: str) -> list[Any]:
    with owner(dsn) as cursor:
        cursor.execute(query)
        return [row[0] if len(row) == 1 else row for row in cursor.fetchall()]


def test_the_first_run_reads_all_days_and_the_next_one_the_new_day_and_those_that_may_be_corrected(
    warehouse: Warehouse, database: str, lake: Lake
) -> None:
    first = run(warehouse, lake)
    assert (first.interval, first.transformed.records) == (FIRST, SENSORS * DAYS)
    second = run(warehouse, lake, TODAY + timedelta(days=1))
    assert second.interval == DataInterval(TODAY - timedelta(days=5), TODAY + timedelta(days=1))
    assert second.transformed.records == SENSORS * 6
    assert published(database, "select count(*) from silver.sensor_readings") == [SENSORS * (DAYS + 1)]
    assert published(database, "select next_start_date from ops.watermark") == [TODAY + timedelta(days=1)]


def test_readings_that_are_read_again_unchanged_publish_nothing(
    warehouse: Warehouse, database: str, lake: Lake
) -> None:
    run(warehouse, lake)
    stamps = published(database, "select distinct processed_at from silver.sensor_readings")
    assert run(warehouse, lake).published.status == "unchanged"
    assert published(database, "select distinct processed_at from silver.sensor_readings") == stamps


def test_a_late_correction_replaces_the_reading_and_what_follows_from_it(
    warehouse: Warehouse, database: str, lake: Lake
) -> None:
    def corrected(answer: list[dict[str, Any]]) -> None:
        answer[0]["daily"]["temperature_2m_max"][-1] = 44.0

    run(warehouse, lake)
    assert run(warehouse, lake, change=corrected).published.status == "published"
    hottest = "select sensor_id, value, reading_date from gold.sensor_extremes where kind = 'hottest'"
    assert published(database, hottest) == [("SENSOR_0001", 44.0, TODAY - timedelta(days=1))]
    assert published(database, "select count(*) from silver.sensor_readings") == [SENSORS * DAYS]


def test_a_reading_that_makes_no_sense_is_quarantined_and_the_published_one_stays(
    warehouse: Warehouse, database: str, lake: Lake
) -> None:
    def spoilt(answer: list[dict[str, Any]]) -> None:
        answer[0]["daily"]["temperature_2m_max"][-1] = "warm"

    one = f"select temperature_max from silver.sensor_readings where sensor_id = 'SENSOR_0001' and reading_date = '{TODAY - timedelta(days=1)}'"  # noqa: E501
    run(warehouse, lake)
    before = published(database, one)
    again = run(warehouse, lake, change=spoilt)
    assert again.transformed.refused == 3  # the first sensor of each request
    assert published(database, one) == before
    reasons = published(database, "select reason from ops.quarantine")
    assert len(reasons) == 3
    assert all("temperature_2m_max" in reason for reason in reasons)


def test_a_single_reading_is_not_replayed_as_its_neighbours_belong_to_it(warehouse: Warehouse, lake: Lake) -> None:
    with pipeline_on("http://nowhere.invalid", lake) as (pipeline, _), pytest.raises(UsageError) as told:
        replay.replay(
            pipeline,
            warehouse,
            {1: replay.Kept("sensor_observations", b"{}", PageContext({}, datetime(2026, 6, 21, tzinfo=UTC)))},
        )
    assert "etl run sensors --from" in told.value.hint


def test_parts_read_by_several_pods_are_one_run(warehouse: Warehouse, database: str, lake: Lake) -> None:
    with simulator() as url, pipeline_on(url, lake) as (pipeline, client):
        for number in (2, 1, 3):
            assert pipeline.extract(client, FIRST, RUN_ID, Part(number, 3)) == RUN_ID
        transformed = pipeline.transform(RUN_ID)
        assert transformed.records == SENSORS * DAYS
        assert pipeline.publish(warehouse, transformed).status == "published"
    assert published(database, "select count(distinct sensor_id) from silver.sensor_readings") == [SENSORS]


def test_more_parts_than_requests_leave_some_with_nothing_to_ask(lake: Lake) -> None:
    with simulator() as url, pipeline_on(url, lake) as (pipeline, client):
        for number in range(1, 6):
            pipeline.extract(client, FIRST, RUN_ID, Part(number, 5))
        assert pipeline.transform(RUN_ID).records == SENSORS * DAYS


def test_a_run_that_lacks_a_part_is_not_transformed(lake: Lake) -> None:
    with simulator() as url, pipeline_on(url, lake) as (pipeline, client):
        pipeline.extract(client, FIRST, RUN_ID, Part(1, 2))
        with pytest.raises(ConfigError, match="holds no complete extraction"):
            complete_extraction(lake, pipeline.source, None, RUN_ID)


def test_parts_about_different_days_are_not_one_run(lake: Lake) -> None:
    with simulator() as url, pipeline_on(url, lake) as (pipeline, client):
        pipeline.extract(client, FIRST, RUN_ID, Part(1, 2))
        pipeline.extract(client, DataInterval(FIRST.start, TODAY - timedelta(days=1)), RUN_ID, Part(2, 2))
        with pytest.raises(UsageError, match="different days"):
            pipeline.transform(RUN_ID)


def test_parts_of_a_run_under_way_are_not_mistaken_for_a_killed_run(lake: Lake) -> None:
    with simulator() as url, pipeline_on(url, lake) as (pipeline, client):
        pipeline.extract(client, FIRST, RUN_ID, Part(1, 2))
        assert pipeline.extract(client, FIRST) != RUN_ID


def test_another_grid_does_not_resume_a_killed_run(lake: Lake) -> None:
    with simulator(Fault("server_error", times=None, path="/v1/nothing")) as url:
        with pipeline_on(url, lake) as (pipeline, client):
            killed = _stopped_after_one_page(pipeline, client)
        with pipeline_on(url, lake, spacing=0.5) as (pipeline, client):
            pipeline.extract(client, FIRST, killed)
            transformed = pipeline.transform(killed)
    places = {latitude for path in transformed.files["sensor_readings"] for latitude in _column(lake, path, "latitude")}
    assert len(places) == 3, "one latitude for each row of one grid"


def test_a_whole_state_cannot_be_extracted_in_parts(simulate: Any, lake: Lake) -> None:
    from tests.conftest import client_of, spacex_at

    url = simulate()
    with client_of(url) as client, pytest.raises(UsageError, match="spacex cannot be extracted in parts"):
        Pipeline(spacex_at(url), lake, 0.05, LocalEngine()).extract(client, None, RUN_ID, Part(1, 2))


def test_a_spent_budget_stops_the_run_and_says_nothing_about_the_source(warehouse: Warehouse, lake: Lake) -> None:
    limit = Limit(10, 3_600, "hour")
    with simulator() as url:
        budget = Budget(warehouse, "sensors", (limit,), patience_s=1)
        budget.spend(10)
        with HttpClient("sensors", url, HASTY, budget=budget) as client, pytest.raises(BudgetSpentError) as told:
            Pipeline(source_at(url), lake, 0.05, LocalEngine()).check(client, FIRST)
    assert "10 per hour" in told.value.message


def test_a_check_says_what_a_run_costs_and_what_is_left(warehouse: Warehouse, lake: Lake) -> None:
    with simulator() as url:
        budget = Budget(warehouse, "sensors", (Limit(600, 60, "minute"),))
        with HttpClient("sensors", url, HASTY, budget=budget) as client:
            said = Pipeline(source_at(url), lake, 0.05, LocalEngine()).check(client, FIRST)
    assert said == "1 location, 1 day; a run makes 3 requests, which count as 12 calls; left are 599 of 600 per minute"


def _stopped_after_one_page(pipeline: Pipeline, client: HttpClient) -> str:
    class Stop(Exception):  # noqa: N818
        pass

    def once(write: Callable[[str, bytes], None]) -> Callable[[str, bytes], None]:
        def writing(path: str, content: bytes) -> None:
            if path.endswith("page-00002.json.gz"):
                raise Stop
            write(path, content)

        return writing

    pipeline.lake.write = once(pipeline.lake.write)  # type: ignore[method-assign]
    with pytest.raises(Stop):
        pipeline.extract(client, FIRST, RUN_ID)
    del pipeline.lake.write  # type: ignore[attr-defined]
    return RUN_ID


def _column(lake: Lake, path: str, name: str) -> list[Any]:
    with lake.open(path) as file:
        return list(pq.read_table(file, columns=[name]).column(name).to_pylist())


# Audits, on rows that the parser or an unchanged grid would never give


class Undo(Exception):  # noqa: N818
    """Leaves a publication without publishing."""


def firing(warehouse: Warehouse, rows: pa.Table, *, keep: bool = True) -> set[str]:
    """The audits that find something in the state that these rows would make."""
    dataset = source_at("http://nowhere.invalid").datasets[0]
    results = []
    destination = PostgresDestination(warehouse)
    with suppress(Undo), destination.open(source_at("http://nowhere.invalid"), None, [FIRST], ignore, RUN_ID) as new:
        new.stage(lambda _: rows.cast(dataset.schema).to_batches(), [FIRST], {dataset.name} if keep else ())
        results = new.audits
        with suppress(AuditError):
            new.audit(accepts_loss=False)
        raise Undo
    return {result.audit for result in results if result.offending_rows}


def changed(rows: pa.Table, column: str, value: Any) -> pa.Table:
    """The rows with another value in the first of them."""
    first = {name: value if name == column else rows.column(name)[0].as_py() for name in rows.column_names}
    return pa.concat_tables([pa.Table.from_pylist([first], schema=rows.schema), rows.slice(1)])


@pytest.fixture
def readings(warehouse: Warehouse, lake: Lake) -> pa.Table:
    """What is published."""
    (path,) = run(warehouse, lake).transformed.files["sensor_readings"]
    with lake.open(path) as file:
        return pq.read_table(file).sort_by([("sensor_id", "ascending"), ("reading_date", "ascending")])


@pytest.mark.parametrize(
    ("audit", "column", "fires", "passes"),
    [
        ("no_implausible_reading", "temperature_max", 65.1, 65.0),
        ("no_implausible_reading", "temperature_min", -100.1, -100.0),
        ("no_implausible_reading", "precipitation", -0.1, 0.0),
        ("no_implausible_reading", "precipitation", 2500.1, 2500.0),
        ("no_reading_before_its_day", "received_at", datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC), None),
        ("no_sensor_in_two_places", "region", "ZONE_9_9", "ZONE_1_1"),
        ("no_sensor_in_two_places", "latitude", 1.0, None),
        ("no_sensor_in_two_places", "longitude", 1.0, None),
    ],
)
def test_an_audit_fires_just_beyond_its_boundary(
    warehouse: Warehouse, readings: pa.Table, audit: str, column: str, fires: Any, passes: Any
) -> None:
    assert readings.column("reading_date")[0].as_py() == FIRST.start
    assert firing(warehouse, changed(readings, column, fires)) == {audit}
    untouched = readings.column(column)[0].as_py()
    midnight = datetime(2026, 6, 1, tzinfo=UTC) if column == "received_at" else None
    assert firing(warehouse, changed(readings, column, passes or midnight or untouched)) == set()


def test_a_published_reading_never_vanishes(warehouse: Warehouse, readings: pa.Table) -> None:
    assert firing(warehouse, readings.slice(1), keep=False) == {"sensor_readings.no_row_lost"}
    assert firing(warehouse, readings.slice(1)) == set()


def test_a_grid_that_was_moved_does_not_mix_with_the_former_one(
    warehouse: Warehouse, database: str, lake: Lake
) -> None:
    run(warehouse, lake)
    last_days = DataInterval(TODAY - timedelta(days=5), TODAY)
    with (
        simulator() as url,
        pipeline_on(url, lake, spacing=0.5) as (pipeline, client),
        pytest.raises(AuditError) as told,
    ):
        pipeline.run(client, warehouse, last_days)
    assert told.value.audit == "no_sensor_in_two_places"
    assert published(database, "select count(distinct latitude) from silver.sensor_readings") == [3]
