"""`make up` on a cluster without the platform, and again on one that has it."""

import subprocess

import pytest

from tests.e2e import kube

RELEASES = {
    "warehouse",
    "airflow",
    "statsd-exporter",
    "postgres-exporter",
    "kube-prometheus-stack",
    "monitoring",
    "simulator",
}


def test_everything_is_installed_and_ready(up: str) -> None:
    releases = kube.helm_releases()
    assert {name for name, (status, _) in releases.items() if status == "deployed"} == RELEASES
    for namespace in kube.NAMESPACES:
        for one in kube.pods(namespace):
            assert one.status.phase == "Succeeded" or kube.is_ready(one), f"{namespace}/{one.metadata.name}"


def test_a_second_up_changes_nothing(up: str) -> None:
    pods, releases = kube.restarts(), kube.helm_releases()
    again = kube.make("up")
    assert again.returncode == 0, again.stderr
    assert kube.restarts() == pods
    assert kube.helm_releases() == releases


@pytest.mark.parametrize("namespace", kube.NAMESPACES)
def test_a_namespace_admits_restricted_pods_only(up: str, namespace: str) -> None:
    labels = kube.core().read_namespace(namespace).metadata.labels
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_status_says_that_all_is_well(up: str) -> None:
    status = kube.make("status")
    assert status.returncode == 0, status.stderr
    for release in RELEASES:
        assert release in status.stdout


def test_the_warehouse_charts_own_tests_pass(up: str) -> None:
    tested = subprocess.run(["helm", "test", "warehouse", "-n", "data-platform"], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout + tested.stderr
