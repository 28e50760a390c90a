"""Spark on Kubernetes: the pod of a step is the driver, executors are pods beside it, and the lake is on S3."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from kubernetes import client

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, logged_in
from tests.e2e.test_50_rights import may

EXECUTORS = "spark-role=executor"
DAYS = {"start_date": "2023-01-01", "end_date": "2023-01-31"}
ROWS = 100 * 30
PUBLISHED = """
    select dataset.dataset, dataset.rows_published
    from ops.run_dataset as dataset
    inner join ops.run as run on dataset.run_id = run.run_id
    where run.run_id = (select run_id from ops.run where source = 'sensors' order by started_at desc limit 1)
"""
WATERMARKS = "select next_start_date from ops.watermark where dataset = 'sensor_readings' and destination = '{}'"


@pytest.fixture(scope="module")
def begun() -> datetime:
    """When this file's tests began, to the second, as Kubernetes' events tell it."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def airflow(up_with_spark: str, begun: datetime) -> Iterator[Airflow]:
    with logged_in() as airflow:
        kube.wait_for("the DAG", lambda: airflow.call("GET", "dags/sensors_spark").ok)
        yield airflow


def executors() -> list[client.V1Pod]:
    """Those that run."""
    return [one for one in kube.pods("etl", EXECUTORS) if one.status.phase == "Running"]


@pytest.fixture(scope="module")
def killed(airflow: Airflow) -> str:
    """The id of a run that has ended well although its driver was killed while it transformed."""
    run = airflow.start("sensors_spark", **DAYS)
    kube.wait_for("two executors", lambda: len(executors()) == 2)
    (driver,) = kube.pods("etl", "spark-role=driver")
    of_the_first = {one.metadata.name for one in executors()}
    kube.kill("etl", driver.metadata.name)
    kube.wait_for(
        "its executors go with it",
        lambda: not of_the_first & {one.metadata.name for one in kube.pods("etl", EXECUTORS)},
    )
    assert airflow.end("sensors_spark", run, seconds=1500) == "success", airflow.tasks("sensors_spark", run)
    return run


def test_a_driver_that_was_killed_is_followed_by_one_that_does_its_work(airflow: Airflow, killed: str) -> None:
    tries = {name: task["try_number"] for name, task in airflow.tasks("sensors_spark", killed).items()}
    assert (tries["transform"], tries["publish"]) == (2, 1)


def test_each_driver_had_two_executors(begun: datetime, killed: str) -> None:
    started = kube.started_since("etl", begun, "-exec-")
    by_driver: dict[str, set[str]] = {}
    for name in started:
        driver, _, number = name.rpartition("-exec-")
        by_driver.setdefault(driver, set()).add(number)
    assert len(by_driver) == 3
    assert all(len(numbers) == 2 for numbers in by_driver.values()), by_driver


def test_no_pod_is_left(killed: str) -> None:
    kube.wait_for("pods are removed", lambda: not kube.pods("etl"))


def test_spark_was_refused_nothing_that_it_wanted(airflow: Airflow, killed: str) -> None:
    for task, attempt in (("transform", 2), ("publish", 1)):
        said = airflow.log("sensors_spark", killed, task, attempt)
        assert "orbidden" not in said
        assert f'"step": "{task}"' in said


def test_every_reading_is_in_the_lake_and_the_warehouse_knows_how_many(killed: str, ask: Ask) -> None:
    rows: dict[str, Any] = dict(ask("engineer", PUBLISHED))
    assert rows["sensor_readings"] == ROWS
    assert rows["sensor_extremes"] == 5


def test_the_warehouse_s_own_rows_and_watermark_stay_as_they_are(killed: str, ask: Ask) -> None:
    [(earliest,)] = ask("analyst", "select min(reading_date) from silver.sensor_readings")
    assert earliest is None or earliest.isoformat() > DAYS["end_date"]
    assert all(day.isoformat() > DAYS["end_date"] for (day,) in ask("engineer", WATERMARKS.format("warehouse")))
    [(next_day,)] = ask("engineer", WATERMARKS.format("lake"))
    assert next_day.isoformat() == DAYS["end_date"]


@pytest.mark.parametrize("verb", ["create", "get", "list", "watch", "patch", "delete", "deletecollection"])
def test_the_driver_handles_pods_in_etl_and_nowhere_else(up_with_spark: str, verb: str) -> None:
    assert may("etl:spark", verb, "pods", "etl")
    for namespace in ("airflow", "data-platform", "monitoring", "default", "kube-system"):
        assert not may("etl:spark", verb, "pods", namespace)


@pytest.mark.parametrize("resource", ["secrets", "configmaps", "services", "persistentvolumeclaims", "roles", "jobs"])
@pytest.mark.parametrize("verb", ["get", "list", "create", "delete"])
def test_the_driver_handles_nothing_but_pods(up_with_spark: str, verb: str, resource: str) -> None:
    for namespace in (*kube.NAMESPACES, "default", "kube-system"):
        assert not may("etl:spark", verb, resource, namespace)


def test_the_driver_may_not_enter_a_pod(up_with_spark: str) -> None:
    assert not may("etl:spark", "create", "pods", "etl", "exec")
    assert not may("etl:spark", "patch", "pods", "etl", "ephemeralcontainers")


def test_only_the_driver_reaches_kubernetes_and_only_executors_reach_the_driver(up_with_spark: str, image: str) -> None:
    labels = {"app.kubernetes.io/name": "etl"}
    listening = ("python3", "-m", "http.server", "7078")
    with (
        kube.idle_pod("etl", image, labels | {"spark-role": "driver"}, listening) as driver,
        kube.idle_pod("etl", image, labels | {"spark-role": "executor"}) as executor,
        kube.idle_pod("etl", image, labels) as other,
    ):
        api = kube.address("default", "kubernetes", 443)
        port = f"{driver.status.pod_ip}:7078"
        assert kube.reachable_from(driver, image, [api]) == {api: True}
        assert kube.reachable_from(executor, image, [api, port]) == {api: False, port: True}
        assert kube.reachable_from(other, image, [api, port]) == {api: False, port: False}


def test_without_spark_and_store_nothing_of_them_is_left_but_what_they_keep(up_with_spark: str) -> None:
    ended = kube.make("up")
    assert ended.returncode == 0, ended.stderr
    assert "object-store" not in kube.helm_releases()
    [claim] = client.CoreV1Api().list_namespaced_persistent_volume_claim("object-store").items
    assert claim.status.phase == "Bound"
    accounts = [one.metadata.name for one in client.CoreV1Api().list_namespaced_service_account("etl").items]
    assert "spark" not in accounts
    assert "sensors_spark.py" not in client.CoreV1Api().read_namespaced_config_map("dags", "airflow").data
