"""What a run on Spark leaves despite a killed driver (test_45_spark.py); it continued during the files in between."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import SPARK_DAYS, Ask, SparkRun

pytestmark = pytest.mark.thorough

ROWS = 100 * 30
PUBLISHED = """
    select dataset.dataset, dataset.rows_published
    from ops.run_dataset as dataset
    inner join ops.run as run on dataset.run_id = run.run_id
    where run.run_id = (select run_id from ops.run where destination = 'lake' order by started_at desc limit 1)
"""
WATERMARKS = "select next_start_date from ops.watermark where dataset = 'sensor_readings' and destination = '{}'"


@pytest.fixture(scope="module")
def killed(spark_run: SparkRun, airflow: Airflow) -> SparkRun:
    """The run, once it has ended well."""
    state = airflow.end("sensors_spark", spark_run.run, seconds=1500)
    assert state == "success", airflow.tasks("sensors_spark", spark_run.run)
    return spark_run


def test_a_driver_that_was_killed_is_followed_by_one_that_does_its_work(airflow: Airflow, killed: SparkRun) -> None:
    tries = {name: task["try_number"] for name, task in airflow.tasks("sensors_spark", killed.run).items()}
    assert (tries["transform"], tries["publish"]) == (2, 1)


def test_each_driver_had_two_executors(killed: SparkRun) -> None:
    started = kube.started_since("etl", killed.begun, "-exec-")
    by_driver: dict[str, set[str]] = {}
    for name in started:
        driver, _, number = name.rpartition("-exec-")
        by_driver.setdefault(driver, set()).add(number)
    assert len(by_driver) == 3
    assert all(len(numbers) == 2 for numbers in by_driver.values()), by_driver


def test_no_pod_is_left(killed: SparkRun) -> None:
    kube.wait_for("pods are removed", lambda: not kube.pods("etl"))


def test_spark_was_refused_nothing_that_it_wanted(airflow: Airflow, killed: SparkRun) -> None:
    for task, attempt in (("transform", 2), ("publish", 1)):
        said = airflow.log("sensors_spark", killed.run, task, attempt)
        assert "orbidden" not in said
        assert f'"step": "{task}"' in said


def test_every_reading_is_in_the_lake_and_the_warehouse_knows_how_many(killed: SparkRun, ask: Ask) -> None:
    rows: dict[str, Any] = dict(ask("engineer", PUBLISHED))
    assert rows["sensor_readings"] == ROWS
    assert rows["sensor_extremes"] == 5


def test_the_warehouses_own_rows_and_watermark_stay_as_they_are(killed: SparkRun, ask: Ask) -> None:
    [(earliest,)] = ask("analyst", "select min(reading_date) from silver.sensor_readings")
    assert earliest is None or earliest.isoformat() > SPARK_DAYS["end_date"]
    assert all(day.isoformat() > SPARK_DAYS["end_date"] for (day,) in ask("engineer", WATERMARKS.format("warehouse")))
    [(next_day,)] = ask("engineer", WATERMARKS.format("lake"))
    assert next_day.isoformat() == SPARK_DAYS["end_date"]
