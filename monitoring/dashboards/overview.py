"""Platform overview: is it healthy, what is running, what failed, what does it cost."""

from __future__ import annotations

from grafana_foundation_sdk.builders.table import Panel as TablePanel
from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards.elements import (
    BAD,
    CPUS,
    NONE_IS_GOOD,
    OK,
    UP,
    Column,
    Query,
    Thresholds,
    runbook,
    to_dashboard,
)
from monitoring.dashboards.etl_datasets import freshness
from monitoring.dashboards.kubernetes import disk_stat, use_by_namespace
from monitoring.dashboards.layout import Row, dashboard_of
from monitoring.dashboards.panels import events_panel, series_panel, stat_panel, table_panel
from monitoring.dashboards.queries import airflow, etl_datasets, kubernetes, warehouse
from monitoring.dashboards.queries import overview as queries


def build() -> Dashboard:
    """Dashboard `platform-overview`, where people start."""
    return dashboard_of(
        "platform-overview",
        "Platform overview",
        "Whether the platform is healthy, what is running, what failed recently, and what it costs.",
        {
            "Is it healthy?": _health(),
            "What is running, and what ran?": [*_running_now(), *_ended_lately()],
            "What failed recently?": _failures(),
            "What does it cost?": [*_cost_now(), *_cost_over_time()],
        },
        alerts=".+",
    )


def _health() -> Row:
    return [
        stat_panel(
            "Alerts firing",
            "Alerts of severity warning or critical that are firing now. The table below lists them.",
            Query(queries.ALERTS_FIRING),
            thresholds=NONE_IS_GOOD,
        ),
        stat_panel(
            "Stale sources",
            "Sources whose last successful run is so far behind their schedule that the alert fires.",
            Query(etl_datasets.STALE_SOURCES),
            thresholds=NONE_IS_GOOD,
            no_value="no ledger",
            alert="EtlDatasetStale",
            link=to_dashboard("etl-datasets"),
        ),
        stat_panel(
            "Failed sources",
            "Sources whose latest finished attempt failed or was killed, according to the run ledger.",
            Query(queries.FAILED_SOURCES),
            thresholds=NONE_IS_GOOD,
            no_value="no ledger",
            alert="EtlRunFailed",
            link=to_dashboard("etl-datasets"),
        ),
        stat_panel(
            "DAG import errors",
            "DAG files that Airflow cannot import; their DAGs are missing or keep an earlier version.",
            Query(airflow.IMPORT_ERRORS),
            thresholds=NONE_IS_GOOD,
            no_value="no data from Airflow",
            alert="AirflowDagImportErrors",
            link=to_dashboard("airflow"),
        ),
        stat_panel(
            "Postgres",
            "Whether the exporter can connect to the warehouse.",
            Query(warehouse.POSTGRES_UP),
            words=UP,
            no_value="no exporter",
            alert="PostgresDown",
            link=to_dashboard("warehouse"),
        ),
        stat_panel(
            "Targets down",
            "Prometheus targets that do not answer: their metrics are missing here.",
            Query(queries.TARGETS_DOWN),
            thresholds=NONE_IS_GOOD,
            alert="ExporterDown",
        ),
        _firing_alerts(),
        freshness(title="How fresh is each source?", height=9),
    ]


def _firing_alerts() -> TablePanel:
    return table_panel(
        "Which alerts are firing?",
        "All alerts firing now, informational ones included. Click a name to open its runbook.",
        {
            "alertname": Column("Alert", link=runbook("${__value.raw}")),
            "severity": Column("Severity", width=90),
            "source": Column("Source"),
            "dataset": Column("Dataset"),
            "namespace": Column("Namespace"),
            "pod": Column("Pod"),
        },
        [(Column("Alerts", "short", width=70), queries.ALERTS_BY_LABELS)],
        sort="Severity",
        descending=False,
        no_value="✓ none",
        height=9,
    )


def _running_now() -> Row:
    return [
        stat_panel(
            "DAG runs now",
            "DAG runs in progress.",
            Query(airflow.DAG_RUNS_RUNNING),
            no_value="no data from Airflow",
            link=to_dashboard("airflow"),
        ),
        stat_panel(
            "Tasks now",
            "Tasks that the executor is running; each step of the pipeline is a task with one pod.",
            Query(airflow.TASKS_RUNNING),
            no_value="no data from Airflow",
            link=to_dashboard("airflow"),
        ),
        stat_panel(
            "Tasks waiting",
            "Tasks that are due but have no slot yet. An alert fires if this lasts.",
            Query(airflow.TASKS_WAITING),
            thresholds=Thresholds(warn=1),
            no_value="no data from Airflow",
            alert="AirflowTasksQueuedTooLong",
            link=to_dashboard("airflow"),
        ),
        stat_panel(
            "Pods in etl now",
            "Pods of the pipeline that are running now.",
            Query(kubernetes.ETL_PODS_RUNNING),
            link=to_dashboard("kubernetes"),
        ),
        stat_panel(
            "Rows published",
            "Rows in all silver and gold tables, according to the ledger.",
            Query(queries.ROWS_PUBLISHED),
            no_value="nothing published",
            link=to_dashboard("etl-datasets"),
        ),
        stat_panel(
            "Scheduled sources",
            "Sources that have a schedule in the ledger (ops.schedule).",
            Query(queries.SOURCES_SCHEDULED),
            no_value="no ledger",
            link=to_dashboard("etl-datasets"),
        ),
    ]


def _ended_lately() -> Row:
    return [
        events_panel(
            "How did DAG runs end?",
            "Finished DAG runs, by DAG and state. A failed run had retried its task several times.",
            Query(queries.DAG_RUNS_ENDED, "{{dag_id}}: {{state}}"),
            colours={".*: success": OK, ".*: failed": BAD},
            alert="AirflowDagRunFailed",
        ),
        events_panel(
            "How did runs of the pipeline end?",
            "Runs by how they ended: published, unchanged (nothing new) or failed.",
            Query(queries.RUNS_ENDED, "{{source}}: {{status}}"),
            colours={".*: published": OK, ".*: unchanged": "blue", ".*: failed": BAD},
            alert="EtlRunFailed",
        ),
    ]


def _failures() -> Row:
    return [
        table_panel(
            "Failed tasks",
            "Failed attempts of tasks within the time range. up_for_retry: the task was retried.",
            {"dag_id": Column("DAG"), "task_id": Column("Task"), "state": Column("State")},
            [(Column("Attempts", "short", width=70), queries.TASKS_FAILED)],
            sort="Attempts",
            no_value="✓ none in this time range",
            span=8,
            alert="AirflowDagRunFailed",
        ),
        table_panel(
            "Errors that ended a command",
            "By class: errors that waiting may fix (SourceUnavailableError …) are retried, others are not.",
            {"source": Column("Source"), "command": Column("Command"), "error": Column("Error")},
            [(Column("Times", "short", width=70), queries.ERRORS)],
            sort="Times",
            no_value="✓ none in this time range",
            span=8,
            alert="EtlRunFailed",
        ),
        table_panel(
            "Failed pods",
            "Pods of steps that did not complete, by reason. After a kill, the retry resumes where the pod stopped.",
            {"dag_id": Column("DAG"), "task_id": Column("Task"), "reason": Column("Reason")},
            [(Column("Pods", "short", width=70), queries.PODS_FAILED)],
            sort="Pods",
            no_value="✓ none in this time range",
            span=8,
            alert="EtlPodFailed",
        ),
    ]


def _cost_now() -> Row:
    return [
        stat_panel(
            "CPU used",
            "CPUs in use by the platform's pods.",
            Query(queries.CPU_USED),
            unit=CPUS,
            decimals=2,
            link=to_dashboard("kubernetes"),
        ),
        stat_panel(
            "Memory used",
            "Working set of the platform's pods.",
            Query(queries.MEMORY_USED),
            unit="bytes",
            link=to_dashboard("kubernetes"),
        ),
        stat_panel(
            "Databases",
            "Size of all databases on the server: the warehouse's and Airflow's.",
            Query(queries.DATABASE_SIZE),
            unit="bytes",
            no_value="no exporter",
            link=to_dashboard("warehouse"),
        ),
        stat_panel(
            "Volumes claimed",
            "Storage requested by volume claims. Only some storage classes report how much of it is used.",
            Query(queries.STORAGE_CLAIMED),
            unit="bytes",
            link=to_dashboard("kubernetes"),
        ),
        disk_stat(),
        stat_panel(
            "API requests",
            "Requests to all APIs within the time range, retries included.",
            Query(queries.API_REQUESTS),
            decimals=0,
            link=to_dashboard("etl-datasets"),
        ),
    ]


def _cost_over_time() -> Row:
    return [
        use_by_namespace("What does each namespace request, and use?"),
        series_panel(
            "How much CPU is used?",
            "CPUs in use by namespace, over all pods.",
            Query(kubernetes.PLATFORM_CPU, "{{namespace}}"),
            unit=CPUS,
            stacked=True,
        ),
        events_panel(
            "How many requests are made?",
            "Requests to each API, retries included. For what an API allows, see its quota (ETL datasets).",
            Query(queries.REQUESTS_BY_SOURCE, "{{source}}"),
        ),
        series_panel(
            "How much memory is used?",
            "Working set by namespace, over all pods.",
            Query(kubernetes.PLATFORM_MEMORY, "{{namespace}}"),
            unit="bytes",
            stacked=True,
        ),
    ]
