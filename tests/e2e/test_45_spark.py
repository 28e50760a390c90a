"""Spark on Kubernetes: the pod of a step is the driver, executors are pods beside it, and the lake is on S3.

How the run ends is the subject of test_55_spark_published.py: it takes minutes, in which other scenarios take place.
"""

from __future__ import annotations

from functools import partial

import pytest

from tests.e2e import kube
from tests.e2e.conftest import SparkRun
from tests.e2e.test_51_rights import may

pytestmark = pytest.mark.thorough


def test_executors_go_with_their_killed_driver(spark_run: SparkRun) -> None:
    kube.wait_for(
        "its executors are gone",
        lambda: not spark_run.executors & {one.metadata.name for one in kube.pods("etl", "spark-role=executor")},
    )


@pytest.mark.parametrize("verb", ["create", "get", "list", "watch", "patch", "delete", "deletecollection"])
def test_the_driver_handles_pods_in_etl_and_nowhere_else(extended: str, verb: str) -> None:
    assert may("etl:spark", verb, "pods", "etl")
    for namespace in ("airflow", "data-platform", "monitoring", "default", "kube-system"):
        assert not may("etl:spark", verb, "pods", namespace)


@pytest.mark.parametrize("resource", ["secrets", "configmaps", "services", "persistentvolumeclaims", "roles", "jobs"])
@pytest.mark.parametrize("verb", ["get", "list", "create", "delete"])
def test_the_driver_handles_nothing_but_pods(extended: str, verb: str, resource: str) -> None:
    for namespace in (*kube.NAMESPACES, "default", "kube-system"):
        assert not may("etl:spark", verb, resource, namespace)


def test_the_driver_may_not_enter_a_pod(extended: str) -> None:
    assert not may("etl:spark", "create", "pods", "etl", "exec")
    assert not may("etl:spark", "patch", "pods", "etl", "ephemeralcontainers")


def test_only_the_driver_reaches_kubernetes_and_only_executors_reach_the_driver(extended: str, image: str) -> None:
    labels = {"app.kubernetes.io/name": "etl"}
    listening = ("python3", "-m", "http.server", "7078")
    with (
        kube.idle_pod("etl", image, labels | {"spark-role": "driver"}, listening) as driver,
        kube.idle_pod("etl", image, labels | {"spark-role": "executor"}) as executor,
        kube.idle_pod("etl", image, labels) as other,
    ):
        api = kube.address("default", "kubernetes", 443)
        port = f"{driver.status.pod_ip}:7078"
        starts = ((driver, [api]), (executor, [api, port]), (other, [api, port]))
        reached = kube.side_by_side(*(partial(kube.reachable_from, pod, image, targets) for pod, targets in starts))
    assert reached == [{api: True}, {api: False, port: True}, {api: False, port: False}]
