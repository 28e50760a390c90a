"""Dashboards: Grafana can read them, and each query reads metrics and columns that exist."""

from __future__ import annotations

import importlib
import json
import math
import pkgutil
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as sdk
from grafana_foundation_sdk.models import units

from enrichment.service.metrics import Metrics as ServiceMetrics
from etl import sources
from etl.core.intervals import DataInterval, today
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.postgres.connection import Warehouse
from etl.settings import NeoSettings
from etl.simulate import server
from etl.sources import simulators
from etl.telemetry.metrics import METRICS, Kind
from monitoring.dashboards import __main__ as command
from monitoring.dashboards import queries
from monitoring.dashboards.limits import LIMITS
from tests.conftest import ROOT, MakeDatabase, client_of
from tests.monitoring import dashboards
from tests.monitoring.dashboards import MONITORING, PromQuery
from tests.monitoring.promql import concrete, operands, selectors
from tests.monitoring.rules import ALERTS, RECORDED
from tests.warehouse.states import run
from tests.warehouse.test_apod import run as run_apod
from tests.warehouse.test_mars import run as run_mars

COMMITTED = dashboards.committed()
UIDS = (
    *("airflow", "apod", "enrichment", "etl-datasets", "kubernetes", "mars", "neo", "platform-overview"),
    *("spacex", "warehouse"),
)
QUERIES = [query for dashboard in COMMITTED.values() for query in dashboards.promql(dashboard)]
SQL = [
    (f"{uid}: {panel['title']}", panel, target["rawSql"])
    for uid, dashboard in COMMITTED.items()
    for panel, target in dashboards.targets(dashboard)
    if target["datasource"]["uid"] == "warehouse"
]
BEFORE_AND_AFTER_SILENCE = DataInterval(date(2025, 12, 31), date(2026, 1, 19))  # the Sun stood between
HALF_A_YEAR = DataInterval(date(2025, 11, 1), date(2026, 6, 1))  # in which a picture comes again
RUNBOOK = re.compile(r"\$\{RUNBOOKS\}/(\w+)\.md")
NARROWEST = {"stat": 4, "timeseries": 8, "table": 8, "barchart": 8, "bargauge": 8, "state-timeline": 8}
TARGET_LABELS = frozenset({"job", "namespace", "pod", "service", "endpoint", "container", "instance"})
LEDGER_LABELS = TARGET_LABELS | {"server"}

# Metrics of other projects' exporters in the installed versions (charts/versions.toml), with the labels we may rely on.
KUBE_POD = "namespace pod"
KUBE_CONTAINER = f"{KUBE_POD} container"
TABLE = "datname schemaname relname"
FOREIGN = {
    "up": "",
    "ALERTS": "alertname alertstate severity source dataset dag_id namespace pod",  # what our alerts carry
    "kube_namespace_status_phase": "namespace phase",
    "kube_pod_status_phase": f"{KUBE_POD} phase",
    "kube_pod_status_ready": f"{KUBE_POD} condition",
    "kube_pod_container_status_restarts_total": KUBE_CONTAINER,
    "kube_pod_container_resource_requests": f"{KUBE_CONTAINER} node resource unit",
    "kube_pod_container_resource_limits": f"{KUBE_CONTAINER} node resource unit",
    "kube_resourcequota": "namespace resourcequota resource type",
    "kube_persistentvolumeclaim_resource_requests_storage_bytes": "namespace persistentvolumeclaim",
    "kube_node_status_allocatable": "node resource unit",
    "kube_deployment_status_replicas_available": "namespace deployment",
    "kube_cronjob_info": "namespace cronjob",
    "kube_cronjob_status_last_successful_time": "namespace cronjob",
    "kubelet_volume_stats_available_bytes": "namespace persistentvolumeclaim",
    "kubelet_volume_stats_capacity_bytes": "namespace persistentvolumeclaim",
    "container_cpu_usage_seconds_total": f"{KUBE_CONTAINER} image node id",
    "container_memory_working_set_bytes": f"{KUBE_CONTAINER} image node id",
    "container_oom_events_total": f"{KUBE_CONTAINER} image node id",
    "container_fs_usage_bytes": "node id device",
    "container_fs_limit_bytes": "node id device",
    "pg_up": "",
    "pg_settings_max_connections": "server",
    "pg_roles_connection_limit": "rolname",
    "pg_stat_activity_count": "datname state usename server",
    "pg_stat_activity_max_tx_duration": "datname state usename server",
    "pg_locks_count": "datname mode",
    "pg_wal_size_bytes": "",
    "pg_database_size_bytes": "datname",
    **{
        f"pg_stat_database_{what}": "datname"
        for what in (
            *("blks_hit", "blks_read", "deadlocks", "temp_bytes", "temp_files", "xact_commit", "xact_rollback"),
            *("tup_fetched", "tup_inserted", "tup_updated", "tup_deleted"),
        )
    },
    **{
        f"pg_stat_user_tables_{what}": TABLE
        for what in (
            *("n_dead_tup", "n_live_tup", "last_autovacuum", "seq_scan"),
            *("table_size_bytes", "index_size_bytes"),
            "size_bytes",  # before 0.18, instead of those two
        )
    },
}
# Airflow's tags: the mapping passes them on without naming them.
AIRFLOW_LABELS = {
    "airflow_dag_parse_duration_seconds": "file_name bundle_name",
    "airflow_dag_run_duration_seconds": "dag_id run_type state",
    "airflow_task_duration_seconds": "dag_id task_id",
    "airflow_task_scheduled_duration_seconds": "dag_id task_id queue",
    "airflow_task_instances_started_total": "dag_id task_id",
    "airflow_task_instances_finished_total": "dag_id task_id state",
    "airflow_task_instances_without_heartbeat_total": "dag_id task_id",
    "airflow_executor_open_slots": "name",
    "airflow_executor_queued_tasks": "name",
    "airflow_executor_running_tasks": "name",
    **{
        f"airflow_pool_{what}": "pool_name"
        for what in ("open_slots", "running_slots", "queued_slots", "scheduled_slots", "starving_tasks")
    },
    "etl_pods_ended_total": "dag_id task_id reason",
}


def test_the_check_fails_on_a_dashboard_that_was_edited_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "FOLDER", tmp_path / "json")
    assert command.main([]) == 0
    assert command.main(["--check"]) == 0
    edited = tmp_path / "json" / "airflow.json"
    edited.write_text(edited.read_text().replace("now-24h", "now-6h"))
    assert command.main(["--check"]) == 1
    assert "airflow.json" in capsys.readouterr().err
    assert command.main([]) == 0
    assert edited.read_text() == command.generated()["airflow.json"]


def test_there_is_a_dashboard_for_each_subject() -> None:
    assert tuple(COMMITTED) == UIDS
    assert [dashboard["uid"] for dashboard in COMMITTED.values()] == list(UIDS)
    assert len({dashboard["title"] for dashboard in COMMITTED.values()}) == len(UIDS)


@pytest.mark.parametrize("uid", UIDS)
def test_grafanas_own_models_read_a_dashboard_and_write_the_same(uid: str) -> None:
    register_default_plugins()
    read = sdk.Dashboard.from_json(COMMITTED[uid])
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == COMMITTED[uid]


@pytest.mark.parametrize("uid", UIDS)
def test_ids_and_titles_are_unique(uid: str) -> None:
    everything = COMMITTED[uid]["panels"]
    for key in ("id", "title"):
        [(most, times)] = Counter(panel[key] for panel in everything).most_common(1)
        assert times == 1, f"{key} {most!r} is there {times} times"


@pytest.mark.parametrize("uid", UIDS)
def test_every_panel_has_a_description_a_unit_and_a_text_for_no_value(uid: str) -> None:
    known = {value for name, value in vars(units).items() if name[0].isupper() and isinstance(value, str)}
    for panel in dashboards.panels(COMMITTED[uid]):
        title, defaults = panel["title"], panel["fieldConfig"]["defaults"]
        overridden = [
            p["value"] for o in panel["fieldConfig"]["overrides"] for p in o["properties"] if p["id"] == "unit"
        ]
        assert title
        assert panel["description"].endswith("."), title
        assert defaults["noValue"], title
        for unit in (defaults["unit"], *overridden):
            assert unit in known or re.match(r"(time|suffix):.+", unit), (title, unit)


@pytest.mark.parametrize("uid", UIDS)
def test_panels_are_side_by_side_and_wide_enough_for_a_laptop(uid: str) -> None:
    places = [(panel["title"], panel["type"], panel["gridPos"]) for panel in COMMITTED[uid]["panels"]]
    for title, kind, at in places:
        assert at["x"] >= 0, title
        assert at["x"] + at["w"] <= 24, title
        assert at["w"] >= NARROWEST.get(kind, 1), title
        assert len(title) <= 5.5 * at["w"], f"{title!r} would be cut"
    for (one, _, a), (other, _, b) in combinations(places, 2):
        apart = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        apart = apart or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert apart, f"{one!r} and {other!r} overlap"
    for line in {at["y"] for _, _, at in places}:
        assert sum(at["w"] for _, _, at in places if at["y"] == line) == 24, f"a hole in line {line}"


@pytest.mark.parametrize("uid", UIDS)
def test_every_panel_queries_a_data_source_that_exists(uid: str) -> None:
    for panel, target in dashboards.targets(COMMITTED[uid]):
        assert panel["datasource"] == target["datasource"], panel["title"]
        assert target["datasource"] in (
            {"type": "prometheus", "uid": "prometheus"},
            {"type": "grafana-postgresql-datasource", "uid": "warehouse"},
        )
        assert target.get("expr") or target.get("rawSql"), panel["title"]
    for panel in dashboards.panels(COMMITTED[uid]):
        references = [target["refId"] for target in panel["targets"]]
        assert len(references) == len(set(references)) > 0, panel["title"]


@pytest.mark.parametrize("uid", UIDS)
def test_a_dashboard_links_to_the_others_and_nowhere_else(uid: str) -> None:
    dashboard = COMMITTED[uid]
    [link] = dashboard["links"]
    assert (link["type"], link["tags"]) == ("dashboards", dashboard["tags"])
    for leads_to, variables in re.findall(r'"/d/([\w-]+)(?:\?([^"]*))?"', json.dumps(dashboard)):
        choices = {variable["name"] for variable in COMMITTED[leads_to]["templating"].get("list", [])}
        assert set(re.findall(r"var-(\w+)=", variables)) <= choices


def test_every_runbook_that_a_panel_links_to_belongs_to_an_alert() -> None:
    alerts = set(ALERTS)
    named = set(RUNBOOK.findall(json.dumps(COMMITTED)))
    assert len(named) > 15
    assert named <= alerts
    assert re.findall(r"\$\{RUNBOOKS\}/\$\{__value.raw\}\.md", json.dumps(COMMITTED))  # the table of firing alerts


def test_a_threshold_is_where_the_matching_alert_fires() -> None:
    alerts = {name: rule["expr"] for name, rule in ALERTS.items()}
    for alert, limit in LIMITS.items():
        assert any(math.isclose(limit, number) for number in operands(alerts[alert])), alert


@pytest.mark.parametrize("uid", UIDS)
def test_choices_allow_several_values_and_default_to_all(uid: str) -> None:
    text = json.dumps(COMMITTED[uid]["panels"])
    for variable in COMMITTED[uid]["templating"].get("list", []):
        assert (variable["multi"], variable["includeAll"], variable["current"]["value"]) == (True, True, "$__all")
        assert f'=~\\"${variable["name"]}\\"' in text, "a choice that changes nothing"


def test_prometheus_can_read_every_query(tmp_path: Path) -> None:
    if not (promtool := shutil.which("promtool")):
        pytest.skip("needs promtool on the PATH")
    records = [{"record": f"query:{number}", "expr": concrete(query.expr)} for number, query in enumerate(QUERIES)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": records}]}))
    checked = subprocess.run([promtool, "check", "rules", "--lint=none", file], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(QUERIES)} rules found" in checked.stdout


def _named_queries() -> Iterator[tuple[str, str]]:
    for module in pkgutil.iter_modules(queries.__path__):
        for name, value in vars(importlib.import_module(f"{queries.__name__}.{module.name}")).items():
            if name.isupper() and isinstance(value, str):
                yield f"{module.name}.{name}", value


def test_every_named_query_is_asked_by_a_dashboard() -> None:
    choices = [one["query"] for dashboard in COMMITTED.values() for one in dashboard["templating"].get("list", [])]
    every = "\n".join([*choices, *(query.expr for query in QUERIES)])
    named = list(_named_queries())
    assert len(named) > 100
    assert not [name for name, text in named if text not in every]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.where)
def test_every_query_reads_metrics_and_labels_that_exist(query: PromQuery) -> None:
    known = _known()
    for metric, labels in selectors(concrete(query.expr), query.shown, RECORDED):
        assert metric in known, f"{metric} is declared nowhere"
        assert labels <= known[metric], f"{metric} has no label {sorted(labels - known[metric])}"


def test_a_query_uses_only_choices_that_its_dashboard_offers() -> None:
    for dashboard in COMMITTED.values():
        offered = {variable["name"] for variable in dashboard["templating"].get("list", [])}
        for query in dashboards.promql(dashboard):
            named = set(re.findall(r"\$\{?([a-zA-Z_]\w*)", query.expr))
            assert named <= offered | {"__rate_interval", "__range"}, query.where


@pytest.fixture(scope="module")
def published(make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A warehouse in which runs have published the bundled facts, pictures of months, photos of weeks, and passes."""
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    with make_database() as dsn:
        run(dsn, lake)
        _publish_passes(dsn, lake)
        with Warehouse(dsn, role="etl_loader") as warehouse:
            run_apod(warehouse, lake, interval=HALF_A_YEAR)
            run_mars(warehouse, lake, interval=BEFORE_AND_AFTER_SILENCE)
        yield dsn


def _publish_passes(dsn: str, lake: Lake) -> None:
    around_today = DataInterval(today() - timedelta(days=30), today() + timedelta(days=30))
    with (
        server.serve(simulators.REGISTRY["neo"].make_app()) as api,
        client_of(api.url) as client,
        Warehouse(dsn, role="etl_loader") as loader,
    ):
        source = sources.load("neo", NeoSettings(base_url=api.url))
        Pipeline(source, lake, 0.05, LocalEngine()).run(client, loader, around_today)


@pytest.mark.parametrize(("where", "panel", "statement"), SQL, ids=[where for where, *_ in SQL])
def test_every_statement_returns_the_columns_that_its_panel_names_to_an_analyst(
    published: str, where: str, panel: dict[str, Any], statement: str
) -> None:
    assert "$" not in statement, "no Grafana macros: they could not be tested here"
    columns, rows = _query(published, statement)
    assert rows
    assert _columns_named(panel) <= set(columns)
    if panel["type"] == "stat":
        assert len(rows) == 1


def test_an_analyst_may_not_read_the_ledger(published: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        _query(published, "select * from ops.run")


def test_every_statement_in_sql_dashboards_is_shown() -> None:
    written = {file.read_text().strip() for file in (ROOT / "sql" / "dashboards").glob("*.sql")}
    assert written <= {statement for _, _, statement in SQL}


def test_the_dashboard_shows_the_known_answers(published: str) -> None:
    columns, [row] = _query(published, (ROOT / "sql" / "dashboards" / "figures.sql").read_text())
    figures = dict(zip(columns, row, strict=True))
    assert (figures["most_reuses"], figures["reuses_within_50_days"], figures["launches"]) == (13, 25, 187)
    assert figures["shortest_days"] == pytest.approx(21.3, abs=0.05)


def _query(dsn: str, statement: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute("set session authorization analyst")
            cursor.execute(statement)
            return [column.name for column in cursor.description], cursor.fetchall()
    finally:
        connection.close()


def _columns_named(panel: dict[str, Any]) -> set[str]:
    """The columns that a panel names: by what it renames, colours, shows, or takes as its axis."""
    renamed = {name for step in panel.get("transformations", []) for name in step["options"].get("renameByName", {})}
    if panel["type"] == "table":
        return renamed
    overridden = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
    fields = panel["options"].get("reduceOptions", {}).get("fields", "")
    return overridden | {name for name in (fields.strip("/^$"), panel["options"].get("xField")) if name}


def _known() -> dict[str, frozenset[str]]:
    """Every metric that is declared, a histogram as its three series, with the labels that it may have."""
    known = {metric.name: (metric.kind == Kind.HISTOGRAM, frozenset(metric.labels)) for metric in METRICS}
    for rule in yaml.safe_load((MONITORING / "statsd" / "mapping.yaml").read_text())["mappings"]:
        for name in _spelled_out(rule["name"]) if rule.get("action") != "drop" else ():
            known[name] = (name.endswith("_seconds"), frozenset(AIRFLOW_LABELS.get(name, "").split()))
    series = {
        f"{name}{end}": labels | TARGET_LABELS | ({"le"} if end == "_bucket" else frozenset())
        for name, (is_histogram, labels) in known.items()
        for end in (("_bucket", "_sum", "_count") if is_histogram else ("",))
    }
    for prefix, query in yaml.safe_load((MONITORING / "postgres" / "queries.yaml").read_text()).items():
        usages = {name: column["usage"] for columns in query["metrics"] for name, column in columns.items()}
        labels = frozenset(name for name, usage in usages.items() if usage == "LABEL")
        series |= {f"{prefix}_{name}": labels | LEDGER_LABELS for name, usage in usages.items() if usage != "LABEL"}
    series |= {name: labels | TARGET_LABELS for name, labels in _of_the_service()}
    return series | {name: frozenset(labels.split()) | TARGET_LABELS for name, labels in FOREIGN.items()}


def _of_the_service() -> Iterator[tuple[str, frozenset[str]]]:
    """The series of the service that describes pictures, and their labels."""
    for collector, names in ServiceMetrics().registry._collector_to_names.items():
        labels = frozenset(getattr(collector, "_labelnames", ()))
        for name in names:
            yield name, labels | ({"le"} if name.endswith("_bucket") else frozenset())


def _spelled_out(name: str) -> list[str]:
    """A mapping of several metrics names them with `$1`; these are the ones we know of."""
    if "$1" not in name:
        return [name]
    return [known for known in AIRFLOW_LABELS if known.startswith(name.removesuffix("$1"))]
