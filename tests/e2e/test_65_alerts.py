"""Trouble made real: it shows in Alertmanager, in `make alerts` and at the receiver; and it ends.

This proves the wiring, from the cause to the notification. How long an alert waits is proved by promtool, on both sides
of each `for` and each threshold (tests/monitoring/rules), so no alert waits here: its `for` is zero meanwhile.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, FirstRuns, Listener, misbehaving
from tests.e2e.prometheus import Alertmanager, Prometheus, immediate
from tests.monitoring.rules import ALERTS

SOON = 600  # seconds at most: alerts wait until their subject is scraped and they are evaluated
POSTGRES = "app.kubernetes.io/component=postgres"
CONTENT = "select count(*), md5(string_agg(launch_id || name, ',' order by launch_id)) from silver.spacex_launches"


@pytest.fixture(scope="module")
def alertmanager(up: str) -> Alertmanager:
    """Where alerts arrive."""
    return Alertmanager()


@pytest.fixture(scope="module")
def no_alert_waits(prometheus: Prometheus) -> Iterator[None]:
    """Alerts fire as soon as their expression holds."""
    with immediate(prometheus):
        yield


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


def rename_launch(old: str, new: str) -> None:
    kube.as_superuser(f"update silver.spacex_launches set launch_id = '{new}' where launch_id = '{old}'")


def provide_dag(text: str | None) -> None:
    """Add a file to the DAGs, or remove it, and have the kubelet hand it on now rather than within a minute."""
    kube.core().patch_namespaced_config_map("dags", "airflow", {"data": {"broken.py": text}})
    processor = kube.pod("airflow", "component=dag-processor").metadata.name
    annotation = f"looked-at={kube.now():%H-%M-%S}"
    kube.kubectl("annotate", "pod", processor, "-n", "airflow", "--overwrite", annotation)


@dataclass(frozen=True)
class Trouble:
    """What is wrong with the platform until it is repaired."""

    repair: Callable[[], None]


@pytest.fixture(scope="module")
def trouble(notifying: None, first_runs: FirstRuns, no_alert_waits: None, airflow: Airflow) -> Iterator[Trouble]:
    """Three kinds of trouble at the same time: an audit that fails, a broken DAG file, an API that is down."""
    known, lost = "5eb87d42ffd86e000604b384", "000000000000000000000000"
    with ExitStack() as stack:
        down = stack.enter_context(misbehaving("sensors", "unavailable*"))
        run = airflow.start("sensors")

        def answer_again() -> None:
            down.clear()
            if airflow.end("sensors", run, SOON) != "success":  # that depends on how long the alerts took
                airflow.succeed("sensors")

        stack.callback(answer_again)
        stack.callback(rename_launch, lost, known)
        rename_launch(known, lost)  # the API does not know it: no audit lets a run pass that would lose it
        stack.callback(provide_dag, None)
        provide_dag("from airflow.sdk import DAG DAG")
        assert airflow.end("spacex", airflow.start("spacex")) == "failed"
        yield Trouble(stack.close)


def test_an_audit_that_fails_is_an_alert(trouble: Trouble, alertmanager: Alertmanager) -> None:
    alert = fires(alertmanager, "EtlAuditFailed", source="spacex", audit="spacex_launches.no_row_lost")
    assert alert["labels"]["severity"] == "critical"


def test_a_source_that_is_down_is_an_alert(trouble: Trouble, alertmanager: Alertmanager) -> None:
    fires(alertmanager, "EtlSourceUnreachable", source="sensors")


def test_a_dag_that_cannot_be_read_is_an_alert(trouble: Trouble, alertmanager: Alertmanager) -> None:
    fires(alertmanager, "AirflowDagImportErrors")


def test_the_receiver_was_notified(trouble: Trouble, listener: Listener) -> None:
    def received() -> str:
        return kube.kubectl("logs", "-n", "monitoring", listener.pod)

    kube.wait_for("the notification", lambda: "firing EtlAuditFailed" in received())
    assert "monitoring/runbooks/EtlAuditFailed.md" in received()


def test_the_alerts_end_with_the_trouble(trouble: Trouble, alertmanager: Alertmanager) -> None:
    trouble.repair()
    for name in ("EtlSourceUnreachable", "AirflowDagImportErrors"):
        ends(alertmanager, name)


@dataclass(frozen=True)
class Outage:
    """What was seen while Postgres was away, and its data before and after."""

    alert: dict[str, Any]
    printed: subprocess.CompletedProcess[str]
    consequences: list[dict[str, Any]]
    before: list[tuple[Any, ...]]
    after: list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def outage(trouble: Trouble, alertmanager: Alertmanager, ask: Ask) -> Outage:
    """Postgres is killed, not replaced until its alert has fired, and then comes back."""
    trouble.repair()
    before = ask("analyst", CONTENT)
    kube.kill("data-platform", "postgres-0")
    scale("statefulset/postgres", "data-platform", 0)
    try:
        alert = fires(alertmanager, "PostgresDown")
        printed = kube.make("alerts")
        names = ("EtlRunFailed", "AirflowSchedulerHeartbeatMissing")
        consequences = [alert for alert in alertmanager.active() if alert["labels"].get("alertname") in names]
    finally:
        scale("statefulset/postgres", "data-platform", 1)
    ends(alertmanager, "PostgresDown")
    kube.wait_for("the database", lambda: any(map(kube.is_ready, kube.pods("data-platform", POSTGRES))))
    return Outage(alert, printed, consequences, before, ask("analyst", CONTENT))


def test_a_killed_postgres_is_an_alert(outage: Outage) -> None:
    assert outage.printed.returncode == 0, outage.printed.stderr
    [row] = [line.split() for line in outage.printed.stdout.splitlines() if "PostgresDown.md" in line]
    assert row[1:4] == ["firing", "PostgresDown", "critical"]


def test_the_consequences_of_a_killed_postgres_are_silent(outage: Outage) -> None:
    assert outage.consequences, "EtlRunFailed, at least: an audit failed a moment ago"
    for consequence in outage.consequences:  # by this alert, although that of the audit would do so, too
        assert consequence["status"]["inhibitedBy"] == [outage.alert["fingerprint"]]


def test_data_outlives_the_pod_of_the_database(outage: Outage) -> None:
    assert outage.after == outage.before


def test_airflow_recovers_with_postgres(outage: Outage, airflow: Airflow) -> None:
    kube.wait_for("airflow", lambda: kube.all_ready("airflow", "data-platform"), SOON)
    airflow.succeed("spacex")


def test_every_alert_is_printed_with_its_runbook(up: str) -> None:
    said = kube.make("alerts")
    assert said.returncode == 0, said.stderr
    rows = [line.split() for line in said.stdout.splitlines() if line.endswith(".md")]
    printed = {(row[2], row[-1]) for row in rows}
    assert printed == {(name, f"monitoring/runbooks/{name}.md") for name in ALERTS}
