"""The source that is read by days: extracted by several pods at once, published once; its next run reads the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, misbehaving, questions

SENSORS = 100
CONTENT = """
    select count(*), md5(string_agg(concat_ws(',', sensor_id, reading_date, temperature_avg, region_avg_temp), ';'
        order by sensor_id, reading_date))
    from silver.sensor_readings
"""
LATEST = """
    select run.status, run.interval_start, run.interval_end, run.extraction_id, dataset.rows_received
    from ops.run as run
    inner join ops.run_dataset as dataset on run.run_id = dataset.run_id
    where dataset.dataset = 'sensor_readings'
    order by run.started_at desc
    limit 1
"""
AFTER_CHECK = "slow=0@/v1/archive"  # harmless: the one request of `check` takes it


@pytest.fixture(scope="module")
def begun() -> datetime:
    """When this file's tests began, to the second, as Kubernetes' events tell it."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def published(begun: datetime, airflow: Airflow) -> str:
    """The id of a run that has ended well."""
    run = airflow.start("sensors")
    assert airflow.end("sensors", run) == "success", airflow.tasks("sensors", run)
    return run


def tries(airflow: Airflow, run: str) -> list[tuple[str, int]]:
    """How each share of the extraction ended, at which try."""
    return [(one["state"], one["try_number"]) for one in airflow.mapped("sensors", run, "extract")]


def test_each_share_is_extracted_by_a_pod_of_its_own_at_the_same_time(
    published: str, begun: datetime, airflow: Airflow
) -> None:
    shares = airflow.mapped("sensors", published, "extract")
    assert [(one["state"], one["try_number"]) for one in shares] == [("success", 1)] * len(shares)
    assert len(kube.started_since("etl", begun, "sensors-extract")) == len(shares) >= 2
    instants = [[datetime.fromisoformat(one[edge]) for one in shares] for edge in ("start_date", "end_date")]
    assert max(instants[0]) < min(instants[1])
    kube.wait_for("pods are removed", lambda: not kube.pods("etl"))


def test_what_each_pod_says_is_readable_in_airflow(published: str, airflow: Airflow) -> None:
    assert "makes 2 requests" in airflow.log("sensors", published, "check")
    for index in (0, 1):
        assert '"step": "extract"' in airflow.log("sensors", published, "extract", index=index)


def test_a_year_of_every_sensor_is_published(published: str, ask: Ask) -> None:
    [(rows, sensors, first, last)] = ask(
        "analyst",
        "select count(*), count(distinct sensor_id), min(reading_date), max(reading_date) from silver.sensor_readings",
    )
    days = (last - first).days + 1
    assert sensors == SENSORS
    assert days >= 365
    assert rows == sensors * days >= 36_500


@pytest.mark.parametrize("table", ["sensor_region_months", "sensor_extremes", "sensor_quality"])
def test_gold_is_filled(published: str, ask: Ask, table: str) -> None:
    [(rows,)] = ask("analyst", f"select count(*) from gold.{table}")
    assert rows


@pytest.mark.parametrize("name", questions("sensors"))
def test_an_analyst_reads_the_answer(published: str, ask: Ask, name: str) -> None:
    assert ask("analyst", questions("sensors")[name])


def test_a_second_run_reads_the_last_days_only_and_changes_nothing(published: str, airflow: Airflow, ask: Ask) -> None:
    before = ask("analyst", CONTENT)
    assert airflow.end("sensors", airflow.start("sensors")) == "success"
    [(status, start, end, _, received)] = ask("engineer", LATEST)
    assert (end - start).days <= 6
    assert received == SENSORS * (end - start).days
    assert end > datetime.now(UTC).date() or (status, ask("analyst", CONTENT)) == ("unchanged", before)


def test_a_run_for_some_days_reads_these(published: str, airflow: Airflow, ask: Ask) -> None:
    before = ask("analyst", CONTENT)
    [(first,)] = ask("analyst", "select min(reading_date) + 30 from silver.sensor_readings")
    days = (first, first + timedelta(days=2))
    run = airflow.start("sensors", start_date=days[0].isoformat(), end_date=days[1].isoformat())
    assert airflow.end("sensors", run) == "success"
    [(_, *interval, _, received)] = ask("engineer", LATEST)
    assert (interval, received) == ([*days], 2 * SENSORS)
    assert ask("analyst", CONTENT) == before


def test_of_two_pods_that_extract_a_killed_one_is_followed_by_one_that_goes_on(
    published: str, airflow: Airflow, ask: Ask
) -> None:
    with misbehaving("sensors") as faults:
        faults.plan(AFTER_CHECK)
        faults.plan("slow=25@/v1/archive")
        run = airflow.start("sensors")
        kube.wait_for("half an answer", faults.are_met)

        def slow() -> Any:
            left = kube.pods("etl", "dag_id=sensors,task_id=extract")
            done = [one for one in airflow.mapped("sensors", run, "extract") if one["state"] == "success"]
            return left[0] if len(left) == len(done) == 1 else None

        kube.kill("etl", kube.wait_for("the slow pod alone", slow, 20).metadata.name)
    assert airflow.end("sensors", run) == "success"
    assert sorted(tries(airflow, run)) == [("success", 1), ("success", 2)]


def test_a_share_that_failed_and_is_cleared_completes_the_run_of_the_others(
    published: str, airflow: Airflow, ask: Ask
) -> None:
    with misbehaving("sensors") as faults:
        faults.plan(AFTER_CHECK)
        faults.plan("html@/v1/archive")
        run = airflow.start("sensors")
        assert airflow.end("sensors", run) == "failed"
    assert sorted(tries(airflow, run)) == [("failed", 1), ("success", 1)]

    airflow.clear_failed("sensors", run)
    assert airflow.end("sensors", run) == "success"
    assert sorted(tries(airflow, run)) == [("success", 1), ("success", 2)]
    [(_, start, end, extraction_id, received)] = ask("engineer", LATEST)
    assert received == SENSORS * (end - start).days
    assert extraction_id in airflow.log("sensors", run, "transform")
