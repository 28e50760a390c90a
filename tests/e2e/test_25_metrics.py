"""After real runs: what is scraped, and that no rule and no panel asks for a series that nobody sends."""

from __future__ import annotations

import json
import re

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from etl.telemetry.metrics import METRICS
from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, Connect, misbehaving
from tests.e2e.prometheus import Prometheus
from tests.monitoring import dashboards
from tests.monitoring.promql import Selectors, concrete, selectors
from tests.monitoring.rules import RECORDED, every_rule

# Series that a run without trouble does not make; the run `troubled` does.
ONLY_ON_TROUBLE = {
    "etl_request_retries_total": "a request that was tried again",
    "etl_refused_records_total": "a record that broke its contract",
    "etl_quarantine_open_records": "the same record, in quarantine",
    "etl_errors_total": "a step that failed",
}
OF_ALERTS = {"ALERTS": "Prometheus itself makes it as long as one is active; test_65_alerts.py has some"}
# Series that not every cluster can show.
TABLE_SIZES = {
    "pg_stat_user_tables_index_size_bytes": "exporters from 0.18 on",
    "pg_stat_user_tables_table_size_bytes": "the same",
    "pg_stat_user_tables_size_bytes": "older ones, such as that of the test cluster; a panel asks for either",
}
ELSEWHERE = {
    **TABLE_SIZES,
    "airflow_task_instances_without_heartbeat_total": "a task's process that hangs for minutes; its pod would go on",
    "kubelet_volume_stats_available_bytes": "volumes of a CSI driver, not those that are folders of the node",
    "kubelet_volume_stats_capacity_bytes": "the same",
}


def asked() -> Selectors:
    """Every series that a rule or a panel asks for, with the labels that it must have."""
    found: Selectors = set()
    for rule in every_rule():
        found |= selectors(rule["expr"], recorded=RECORDED)
    for dashboard in dashboards.committed().values():
        for query in dashboards.promql(dashboard):
            found |= selectors(concrete(query.expr), query.shown, RECORDED)
    return found


@pytest.fixture(scope="module")
def published(airflow: Airflow) -> None:
    """As many runs without trouble as it takes to know what is usual."""
    for dag in ("spacex", "spacex", "spacex", "spacex", "sensors"):
        assert airflow.end(dag, airflow.start(dag)) == "success"


@pytest.fixture(scope="module")
def troubled(published: None, airflow: Airflow) -> None:
    """A run that failed, and one that ended well in spite of all."""
    with misbehaving("spacex") as faults:
        faults.plan("html@/v5")
        assert airflow.end("spacex", airflow.start("spacex")) == "failed"
        for fault in ("server_error@/v4/cores", "malformed@/v4/payloads", "quota=37*@/v5"):
            faults.plan(fault)
        assert airflow.end("spacex", airflow.start("spacex")) == "success"


def test_every_target_is_up(published: None, prometheus: Prometheus) -> None:
    def all_up() -> bool:
        return all(target["health"] == "up" for target in prometheus.targets())

    kube.wait_for("all targets", all_up)
    jobs = {target["labels"]["job"] for target in prometheus.targets()}
    assert {"statsd-exporter", "postgres-exporter", "kube-state-metrics", "kubelet"} <= jobs


def test_every_servicemonitor_has_a_target(up: str, prometheus: Prometheus) -> None:
    monitors = json.loads(kube.kubectl("get", "servicemonitors", "-A", "-o", "json"))["items"]
    pools = {target["scrapePool"].rsplit("/", 1)[0] for target in prometheus.targets()}
    assert monitors
    for monitor in monitors:
        assert f"serviceMonitor/{monitor['metadata']['namespace']}/{monitor['metadata']['name']}" in pools


def test_every_rule_is_loaded_and_can_be_evaluated(published: None, prometheus: Prometheus) -> None:
    names = {rule.get("alert") or rule["record"] for rule in every_rule()}

    def loaded() -> bool:
        return names <= {rule["name"] for rule in prometheus.rules() if rule["health"] == "ok"}

    kube.wait_for("the rules", loaded)
    assert not [rule for rule in prometheus.rules() if rule.get("lastError")]
    links = {rule["annotations"]["runbook_url"] for rule in prometheus.rules() if rule["type"] == "alerting"}
    assert all(re.search(r"monitoring/runbooks/\w+\.md$", link) for link in links)


def test_a_run_without_trouble_makes_every_series_that_a_rule_or_a_panel_asks_for(
    published: None, prometheus: Prometheus
) -> None:
    wait_for_all(prometheus, {**ONLY_ON_TROUBLE, **OF_ALERTS, **ELSEWHERE})


def test_trouble_makes_the_others(troubled: None, prometheus: Prometheus) -> None:
    wait_for_all(prometheus, {**OF_ALERTS, **ELSEWHERE})


def wait_for_all(prometheus: Prometheus, but: dict[str, str]) -> None:
    """Until each series is there with its labels, those left out excepted."""
    missing = {(metric, labels) for metric, labels in asked() if metric not in but}
    assert len(missing) > 100

    def none_is_missing() -> bool:
        there: dict[str, list[set[str]]] = {}
        for series in prometheus.series(metric for metric, _ in missing):
            there.setdefault(series["__name__"], []).append(set(series))
        found = [one for one in missing if any(one[1] <= labels for labels in there.get(one[0], []))]
        missing.difference_update(found)
        return not missing

    try:
        kube.wait_for("all series", none_is_missing, 180)
    except AssertionError:
        said = [f"{metric} with {', '.join(sorted(labels)) or 'any label'}" for metric, labels in missing]
        raise AssertionError("\n".join(["nobody sends", *sorted(said)])) from None


def test_the_exporter_shows_each_metric_of_pods_as_the_kind_that_it_is_declared_as(troubled: None) -> None:
    with kube.forward("monitoring", "statsd-exporter", 9102) as port:
        page = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
    shown = {family.name: family.type for family in text_string_to_metric_families(page)}
    declared = {metric.name.removesuffix("_total"): str(metric.kind) for metric in METRICS}
    assert {name: shown.get(name) for name in declared} == declared


def test_only_what_is_asked_for_is_left_out() -> None:
    assert {metric for metric, _ in asked()} >= {*ONLY_ON_TROUBLE, *OF_ALERTS, *ELSEWHERE}


def test_the_size_of_a_table_has_the_one_name_or_the_other(published: None, prometheus: Prometheus) -> None:
    assert prometheus.series(TABLE_SIZES)


def test_analysts_can_ask_what_the_panels_ask(published: None, ask: Ask) -> None:
    found = [
        (panel["title"], target["rawSql"])
        for dashboard in dashboards.committed().values()
        for panel, target in dashboards.targets(dashboard)
        if target["datasource"]["uid"] == "warehouse"
    ]
    assert found
    for title, sql in found:
        assert ask("analyst", sql), title


def test_grafana_logs_in_to_the_warehouse_as_analyst(connect: Connect) -> None:
    password = kube.secret("monitoring", "grafana-warehouse")["password"]
    with connect("analyst", password=password) as cursor:
        cursor.execute("select current_user")
        assert cursor.fetchone() == ("analyst",)
