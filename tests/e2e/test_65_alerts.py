"""Trouble made real: what happens shows in Alertmanager, in `make alerts` and at whoever is to be told; and it ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import logged_in
from tests.e2e.prometheus import Alertmanager
from tests.monitoring.rules import ALERTS

SOON = 600  # seconds: each alert waits for its own `for`, and for what it is about to be scraped and evaluated

LISTENER = """
import http.server, json
class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for alert in told["alerts"]:
            print(alert["status"], alert["labels"]["alertname"], alert["annotations"].get("runbook_url"), flush=True)
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("", 8080), Listener).serve_forever()
"""


@pytest.fixture(scope="module")
def listener(up: str, image: str) -> Iterator[str]:
    """Somebody in the cluster who wants to be told of alerts: the name of their pod."""
    core, network = client.CoreV1Api(), client.NetworkingV1Api()
    labels = {"app": "listener"}
    core.create_namespaced_service(
        "monitoring", {"metadata": {"name": "listener"}, "spec": {"selector": labels, "ports": [{"port": 8080}]}}
    )
    network.create_namespaced_network_policy(
        "monitoring",
        {
            "metadata": {"name": "listener"},
            "spec": {
                "podSelector": {"matchLabels": labels},
                "ingress": [
                    {
                        "from": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "alertmanager"}}}],
                        "ports": [{"port": 8080}],
                    }
                ],
            },
        },
    )
    core.create_namespaced_secret(
        "monitoring",
        {"metadata": {"name": "alerts"}, "stringData": {"webhook-url": "http://listener.monitoring.svc:8080/"}},
    )
    try:
        with kube.idle_pod("monitoring", image, labels, ["python3", "-c", LISTENER]) as pod:
            told = kube.make("up")
            assert told.returncode == 0, told.stderr
            yield pod.metadata.name
    finally:
        core.delete_namespaced_secret("alerts", "monitoring")
        network.delete_namespaced_network_policy("listener", "monitoring")
        core.delete_namespaced_service("listener", "monitoring")
    again = kube.make("up")
    assert again.returncode == 0, again.stderr


@pytest.fixture
def alertmanager(up: str) -> Alertmanager:
    """Where alerts arrive."""
    return Alertmanager()


def fires(alertmanager: Alertmanager, name: str, **labels: str) -> dict[str, Any]:
    """Wait until an alert reaches Alertmanager."""
    found = kube.wait_for(f"alert {name}", lambda: alertmanager.find(name, **labels), SOON)
    assert found["annotations"]["runbook_url"].endswith(f"monitoring/runbooks/{name}.md")
    assert found["annotations"]["summary"]
    return found


def ends(alertmanager: Alertmanager, name: str, **labels: str) -> None:
    """Wait until an alert is resolved."""
    kube.wait_for(f"the end of {name}", lambda: not alertmanager.find(name, **labels), SOON)


def scale(what: str, namespace: str, replicas: int) -> None:
    kube.kubectl("scale", what, "-n", namespace, f"--replicas={replicas}")


def test_nothing_critical_fires_on_a_platform_that_is_well(alertmanager: Alertmanager) -> None:
    assert not [alert for alert in alertmanager.active() if alert["labels"]["severity"] == "critical"]


@pytest.fixture
def lost_launch(up: str) -> Iterator[None]:
    """A published launch that the API does not know: no audit lets a run pass that would lose it."""
    known, lost = "5eb87d42ffd86e000604b384", "000000000000000000000000"
    update = "update silver.spacex_launches set launch_id = '{}' where launch_id = '{}'"
    kube.as_superuser(update.format(lost, known))
    yield
    kube.as_superuser(update.format(known, lost))


def test_an_audit_that_fails_is_an_alert(
    listener: str, airflow: Airflow, lost_launch: None, alertmanager: Alertmanager
) -> None:
    assert airflow.end("spacex", airflow.start("spacex")) == "failed"
    alert = fires(alertmanager, "EtlAuditFailed", source="spacex", audit="no_published_launch_lost")
    assert alert["labels"]["severity"] == "critical"


def test_a_dag_that_cannot_be_read_and_a_source_that_is_silent_are_alerts(
    listener: str, airflow: Airflow, alertmanager: Alertmanager
) -> None:
    core = client.CoreV1Api()
    core.patch_namespaced_config_map("dags", "airflow", {"data": {"broken.py": "from airflow.sdk import DAG DAG"}})
    processor = kube.pod("airflow", "component=dag-processor").metadata.name
    kube.kubectl("annotate", "pod", processor, "-n", "airflow", "--overwrite", "looked-at=now")  # the kubelet, at once
    scale("deployment/simulator-spacex", "simulator", 0)
    run = airflow.start("spacex")
    try:
        fires(alertmanager, "EtlSourceUnreachable", source="spacex")
        fires(alertmanager, "AirflowDagImportErrors")
    finally:
        scale("deployment/simulator-spacex", "simulator", 1)
        core.patch_namespaced_config_map("dags", "airflow", {"data": {"broken.py": None}})
    airflow.end("spacex", run, SOON)  # well or not: that depends on how long the alerts took
    assert airflow.end("spacex", airflow.start("spacex")) == "success"
    for name in ("EtlSourceUnreachable", "AirflowDagImportErrors"):
        ends(alertmanager, name)


def test_who_asked_for_it_was_told(listener: str) -> None:
    def told() -> str:
        return kube.kubectl("logs", "-n", "monitoring", listener)

    kube.wait_for("the notification", lambda: "firing EtlAuditFailed" in told())
    assert "monitoring/runbooks/EtlAuditFailed.md" in told()


def test_a_killed_postgres_is_an_alert_and_its_consequences_are_silent(alertmanager: Alertmanager) -> None:
    scale("statefulset/postgres", "data-platform", 0)
    try:
        fires(alertmanager, "PostgresDown")
        said = kube.make("alerts")
        assert said.returncode == 0, said.stderr
        [row] = [line.split() for line in said.stdout.splitlines() if "PostgresDown.md" in line]
        assert row[1:4] == ["firing", "PostgresDown", "critical"]
        for alert in alertmanager.active():
            if alert["labels"].get("alertname") in ("EtlRunFailed", "AirflowSchedulerHeartbeatMissing"):
                assert alert["status"]["inhibitedBy"]
    finally:
        scale("statefulset/postgres", "data-platform", 1)
    ends(alertmanager, "PostgresDown")


def test_airflow_recovers_with_postgres(up: str) -> None:
    kube.wait_for("airflow", lambda: kube.all_ready("airflow", "data-platform"), SOON)
    with logged_in() as airflow:  # its API server may be another one by now
        assert airflow.end("spacex", airflow.start("spacex")) == "success"


def test_every_alert_is_printed_with_its_runbook(up: str) -> None:
    said = kube.make("alerts")
    assert said.returncode == 0, said.stderr
    rows = [line.split() for line in said.stdout.splitlines() if line.endswith(".md")]
    printed = {(row[2], row[-1]) for row in rows}
    assert printed == {(name, f"monitoring/runbooks/{name}.md") for name in ALERTS}
