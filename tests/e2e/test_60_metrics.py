"""After real runs and a backup: what is scraped, and that no rule and no panel asks for a series that nobody sends.

Any runs will do, so those of other files count if they were not long ago.
"""

from __future__ import annotations

import json
import re
from functools import partial

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from etl.telemetry.metrics import METRICS
from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, Connect, FirstRuns, misbehaving
from tests.e2e.prometheus import Prometheus
from tests.monitoring import dashboards
from tests.monitoring.promql import Selectors, concrete, selectors
from tests.monitoring.rules import RECORDED, every_rule

# Series that only runs with trouble make, such as those of the fixture `troubled`.
ONLY_ON_TROUBLE = {
    "etl_request_retries_total": "a request that was tried again",
    "etl_refused_records_total": "a record that broke its contract",
    "etl_quarantine_open_records": "the same record, in quarantine",
    "etl_errors_total": "a step that failed",
}
OF_ALERTS = {"ALERTS": "Prometheus makes it itself while an alert is active, as in test_65_alerts.py"}
# Runs into the warehouse that succeeded within the time in which Prometheus is asked for series.
RECENT = """
    select count(*) from ops.run
    where source = '{}' and destination = 'warehouse' and status in ('published', 'unchanged')
        and ended_at > now() - interval '45 minutes'
"""
ENOUGH = {"spacex": 4, "sensors": 1}  # from the fourth run on the ledger says how many rows are usual
# Series that not every cluster can show.
TABLE_SIZES = {
    "pg_stat_user_tables_index_size_bytes": "exporters from 0.18 on",
    "pg_stat_user_tables_table_size_bytes": "the same",
    "pg_stat_user_tables_size_bytes": "older ones, such as that of the test cluster; a panel asks for either",
}
ELSEWHERE = {
    **TABLE_SIZES,
    "airflow_task_instances_without_heartbeat_total": "a task's process that hangs for minutes while its pod works",
    "kubelet_volume_stats_available_bytes": "volumes of a CSI driver, not those that are folders of the node",
    "kubelet_volume_stats_capacity_bytes": "the same",
    "pg_replication_slot_slot_is_active": "standbys, which WAREHOUSE=cnpg has: test_95_cnpg.py",
    "etl_picture_facts_overdue": "pictures that nobody describes, once the DAG picture_facts has been switched on",
}
OPTIONAL = "enrichment_"  # of the service that `make up ENRICHMENT=1` adds: test_46_enrichment.py


def asked() -> Selectors:
    """Every series that a rule or a panel asks for, with the labels that it must have, but for optional parts."""
    found: Selectors = set()
    for rule in every_rule():
        found |= selectors(rule["expr"], recorded=RECORDED)
    for dashboard in dashboards.committed().values():
        for query in dashboards.promql(dashboard):
            found |= selectors(concrete(query.expr), query.shown, RECORDED)
    return {one for one in found if not one[0].startswith(OPTIONAL)}


@pytest.fixture(scope="module")
def published(first_runs: FirstRuns, nasa_runs: dict[str, str], backup: None, airflow: Airflow, ask: Ask) -> None:
    """As many runs without trouble as it takes to know what is usual; those that are missing are made."""

    def complete(dag: str) -> None:
        [(made,)] = ask("engineer", RECENT.format(dag))
        for _ in range(ENOUGH[dag] - made):
            airflow.succeed(dag)

    kube.side_by_side(*(partial(complete, dag) for dag in ENOUGH))


@pytest.fixture(scope="module")
def troubled(published: None, airflow: Airflow) -> None:
    """A run that failed, and one that succeeded in spite of several faults."""
    with misbehaving("spacex", "html@/v5") as faults:
        assert airflow.end("spacex", airflow.start("spacex")) == "failed"
        faults.plan("server_error@/v4/cores", "malformed@/v4/payloads", "quota=37*@/v5")
        airflow.succeed("spacex")


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
    """Wait until every series is there with its labels, except those left out."""
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
        kube.wait_for("all series", none_is_missing)
    except AssertionError:
        said = [f"{metric} with {', '.join(sorted(labels)) or 'any label'}" for metric, labels in missing]
        raise AssertionError("\n".join(["nobody sends", *sorted(said)])) from None


def test_the_exporter_shows_each_metric_of_pods_as_the_kind_that_it_is_declared_as(troubled: None) -> None:
    port = kube.port("monitoring", "statsd-exporter", 9102)
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
