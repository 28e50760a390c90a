"""The source that is read by days: several pods extract it at the same time, and it is published once."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, FirstRuns, questions
from tests.e2e.sensors import SENSORS


def test_each_share_is_extracted_by_a_pod_of_its_own_at_the_same_time(first_runs: FirstRuns, airflow: Airflow) -> None:
    shares = airflow.mapped("sensors", first_runs.sensors, "extract")
    assert [(one["state"], one["try_number"]) for one in shares] == [("success", 1)] * len(shares)
    assert len(kube.started_since("etl", first_runs.begun, "sensors-extract")) == len(shares) >= 2
    instants = [[datetime.fromisoformat(one[edge]) for one in shares] for edge in ("start_date", "end_date")]
    assert max(instants[0]) < min(instants[1])
    kube.wait_for("pods are removed", lambda: not kube.pods("etl"))


def test_what_each_pod_says_is_readable_in_airflow(first_runs: FirstRuns, airflow: Airflow) -> None:
    assert "makes 2 requests" in airflow.log("sensors", first_runs.sensors, "check")
    for index in (0, 1):
        assert '"step": "extract"' in airflow.log("sensors", first_runs.sensors, "extract", index=index)


def test_a_year_of_every_sensor_is_published(first_runs: FirstRuns, ask: Ask) -> None:
    [(rows, sensors, first, last)] = ask(
        "analyst",
        "select count(*), count(distinct sensor_id), min(reading_date), max(reading_date) from silver.sensor_readings",
    )
    days = (last - first).days + 1
    assert sensors == SENSORS
    assert days >= 365
    assert rows == sensors * days >= 36_500


@pytest.mark.parametrize("table", ["sensor_region_months", "sensor_extremes", "sensor_quality"])
def test_gold_is_filled(first_runs: FirstRuns, ask: Ask, table: str) -> None:
    [(rows,)] = ask("analyst", f"select count(*) from gold.{table}")
    assert rows


@pytest.mark.parametrize("name", questions("sensors"))
def test_an_analyst_reads_the_answer(first_runs: FirstRuns, ask: Ask, name: str) -> None:
    assert ask("analyst", questions("sensors")[name])
