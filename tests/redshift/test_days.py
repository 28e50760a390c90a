"""A source with days: what was read again is replaced on those days alone; and its questions are answered there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from etl.core.errors import AuditError
from etl.core.intervals import DataInterval
from etl.destinations.postgres.publication import PostgresDestination
from etl.destinations.redshift.connection import session
from etl.engines.dialects import transpile
from etl.lake.store import Lake
from etl.pipeline.pipeline import Summary
from etl.postgres.connection import Warehouse
from etl.sql import questions
from tests.redshift.conftest import Played
from tests.warehouse.states import rows
from tests.warehouse.test_sensors import DAYS, FIRST, SENSORS, TODAY, Change, pipeline_on, simulator

DAY = timedelta(days=1)
pytestmark = pytest.mark.thorough


def run(
    warehouse: Warehouse, lake: Lake, redshift: Played, interval: DataInterval, change: Change | None = None
) -> Summary:
    with simulator(change=change) as url, pipeline_on(url, lake) as (pipeline, client):
        return pipeline.run(client, warehouse, interval, redshift.destination(lake))


def warmer(answer: list[dict[str, Any]]) -> None:
    for location in answer:
        location["daily"]["temperature_2m_max"] = [40.0 for _ in location["daily"]["temperature_2m_max"]]


def test_days_that_were_read_again_are_replaced_and_the_others_stay(
    lake: Lake, warehouse: Warehouse, redshift: Played
) -> None:
    run(warehouse, lake, redshift, FIRST)
    assert redshift.rows("select count(*) from silver.sensor_readings") == [(SENSORS * DAYS,)]
    run(warehouse, lake, redshift, DataInterval(TODAY - 2 * DAY, TODAY + DAY), warmer)
    warm = "select count(*), count(distinct reading_date) from silver.sensor_readings where temperature_max = 40"
    assert redshift.rows(warm) == [(SENSORS * 3, 3)]
    assert redshift.rows("select count(*) from silver.sensor_readings") == [(SENSORS * (DAYS + 1),)]


def test_an_older_extraction_publishes_only_the_days_that_no_newer_one_has(
    lake: Lake, warehouse: Warehouse, redshift: Played
) -> None:
    with simulator() as url, pipeline_on(url, lake) as (pipeline, client):
        older = pipeline.transform(pipeline.extract(client, FIRST))
    run(warehouse, lake, redshift, DataInterval(TODAY - 2 * DAY, TODAY), warmer)
    with pipeline_on(url, lake) as (pipeline, _):
        assert pipeline.publish(warehouse, older, redshift.destination(lake)).status == "published"
        assert pipeline.publish(warehouse, older, redshift.destination(lake)).status == "unchanged"
    warm = "select count(*) from silver.sensor_readings where temperature_max = 40"
    assert redshift.rows(warm) == [(SENSORS * 2,)]
    assert redshift.rows("select count(*) from silver.sensor_readings") == [(SENSORS * DAYS,)]


def test_a_known_value_is_not_lost(lake: Lake, warehouse: Warehouse, redshift: Played) -> None:
    def unknown(answer: list[dict[str, Any]]) -> None:
        answer[0]["daily"]["temperature_2m_max"][-1] = None

    run(warehouse, lake, redshift, FIRST)
    with pytest.raises(AuditError, match="no_known_value_lost"):
        run(warehouse, lake, redshift, FIRST, unknown)


def test_gold_and_answers_are_those_of_the_warehouse(
    lake: Lake, warehouse: Warehouse, database: str, redshift: Played
) -> None:
    with simulator() as url, pipeline_on(url, lake) as (pipeline, client):
        published = pipeline.run(client, warehouse, FIRST, redshift.destination(lake))
        pipeline.publish(warehouse, published.transformed, PostgresDestination(warehouse))
        tables = [f"gold.{table.name}" for table in pipeline.source.gold]
    for table in tables:
        query = f"select t::text from {table} as t order by 1"
        assert redshift.rows(query) == rows(database, query), table
    texts = questions.texts("sensors")
    with session(redshift.settings) as there:
        answers = questions.ask(texts, lambda text: there.execute(transpile(text, "redshift")))
    here = questions.ask(texts, warehouse.execute)
    assert [answer.rows for answer in answers] == [answer.rows for answer in here]
