"""Platform overview: is it well, what runs, what failed, what does it cost."""

from __future__ import annotations

from grafana_foundation_sdk.builders.table import Panel as TablePanel
from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards.elements import (
    BAD,
    CPUS,
    NONE_IS_WELL,
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
    """Dashboard `platform-overview`, where people begin."""
    return dashboard_of(
        "platform-overview",
        "Platform overview",
        "Whether the platform is well, what runs, what failed lately, and what it costs.",
        {
            "Is it well?": _health(),
            "What runs, and what ran?": [*_running_now(), *_ended_lately()],
            "What failed lately?": _failures(),
            "What does it cost?": [*_cost_now(), *_cost_over_time()],
        },
        alerts=".+",
    )


def _health() -> Row:
    return [
        stat_panel(
            "Alerts firing",
            "Alerts of severity warning or critical that fire now. The table below names them.",
            Query(queries.ALERTS_FIRING),
            thresholds=NONE_IS_WELL,
        ),
        stat_panel(
            "Stale sources",
            "Sources whose last successful run is so much older than their schedule that the alert fires.",
            Query(etl_datasets.STALE_SOURCES),
            thresholds=NONE_IS_WELL,
            no_value="no ledger",
            alert="EtlDatasetStale",
            link=to_dashboard("etl-datasets"),
        ),
        stat_panel(
            "Failed sources",
            "As the run ledger has it: the latest attempt that ended failed or was killed.",
            Query(queries.FAILED_SOURCES),
            thresholds=NONE_IS_WELL,
            no_value="no ledger",
            alert="EtlRunFailed",
            link=to_dashboard("etl-datasets"),
        ),
        stat_panel(
            "DAG import errors",
            "DAG files that Airflow cannot read; their DAGs are missing or of an earlier version.",
            Query(airflow.IMPORT_ERRORS),
            thresholds=NONE_IS_WELL,
            no_value="Airflow is silent",
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
            "Targets of Prometheus that do not answer: what they would tell is missing here.",
            Query(queries.TARGETS_DOWN),
            thresholds=NONE_IS_WELL,
            alert="ExporterDown",
        ),
        _firing_alerts(),
        freshness(title="How fresh is each source?", height=9),
    ]


def _firing_alerts() -> TablePanel:
    return table_panel(
        "Which alerts fire?",
        "All that fire now, informational ones included. A click on the name opens the runbook.",
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
            "DAG runs that are on their way.",
            Query(airflow.DAG_RUNS_RUNNING),
            no_value="Airflow is silent",
            link=to_dashboard("airflow"),
        ),
        stat_panel(
            "Tasks now",
            "Tasks that the executor runs; each step of the pipeline is one, and has one pod.",
            Query(airflow.TASKS_RUNNING),
            no_value="Airflow is silent",
            link=to_dashboard("airflow"),
        ),
        stat_panel(
            "Tasks that wait",
            "Tasks that are due and have no slot yet. It is an alert when that lasts.",
            Query(airflow.TASKS_WAITING),
            thresholds=Thresholds(warn=1),
            no_value="Airflow is silent",
            alert="AirflowTasksQueuedTooLong",
            link=to_dashboard("airflow"),
        ),
        stat_panel(
            "Pods in etl now",
            "Pods of the pipeline that run at this moment.",
            Query(kubernetes.ETL_PODS_RUNNING),
            link=to_dashboard("kubernetes"),
        ),
        stat_panel(
            "Rows published",
            "Rows of all tables of silver and gold, as the ledger has them.",
            Query(queries.ROWS_PUBLISHED),
            no_value="nothing published",
            link=to_dashboard("etl-datasets"),
        ),
        stat_panel(
            "Sources watched",
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
            "DAG runs that ended, by DAG and state. One that failed had tried each task several times.",
            Query(queries.DAG_RUNS_ENDED, "{{dag_id}}: {{state}}"),
            colours={".*: success": OK, ".*: failed": BAD},
            alert="AirflowDagRunFailed",
        ),
        events_panel(
            "How did runs of the pipeline end?",
            "Runs as the pipeline counts them: published, nothing new (unchanged), or failed.",
            Query(queries.RUNS_ENDED, "{{source}}: {{status}}"),
            colours={".*: published": OK, ".*: unchanged": "blue", ".*: failed": BAD},
            alert="EtlRunFailed",
        ),
    ]


def _failures() -> Row:
    return [
        table_panel(
            "Tasks that failed",
            "Tries of tasks that failed within the time range. up_for_retry: it was tried again.",
            {"dag_id": Column("DAG"), "task_id": Column("Task"), "state": Column("State")},
            [(Column("Tries", "short", width=70), queries.TASKS_FAILED)],
            sort="Tries",
            no_value="✓ none in this time range",
            span=8,
            alert="AirflowDagRunFailed",
        ),
        table_panel(
            "Errors that ended a command",
            "By class: those that waiting mends (SourceUnavailableError …) are tried again, others are not.",
            {"source": Column("Source"), "command": Column("Command"), "error": Column("Error")},
            [(Column("Times", "short", width=70), queries.ERRORS)],
            sort="Times",
            no_value="✓ none in this time range",
            span=8,
            alert="EtlRunFailed",
        ),
        table_panel(
            "Pods that ended badly",
            "Pods of steps that did not complete, by why. Killed pods are tried again and go on.",
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
            "CPUs that the platform's pods use now.",
            Query(queries.CPU_USED),
            unit=CPUS,
            decimals=2,
            link=to_dashboard("kubernetes"),
        ),
        stat_panel(
            "Memory used",
            "Working set of the platform's pods now.",
            Query(queries.MEMORY_USED),
            unit="bytes",
            link=to_dashboard("kubernetes"),
        ),
        stat_panel(
            "Databases",
            "Size of all databases of the server: the warehouse's and Airflow's.",
            Query(queries.DATABASE_SIZE),
            unit="bytes",
            no_value="no exporter",
            link=to_dashboard("warehouse"),
        ),
        stat_panel(
            "Volumes claimed",
            "Storage that claims ask for. What is used of it, only some storage classes tell.",
            Query(queries.STORAGE_CLAIMED),
            unit="bytes",
            link=to_dashboard("kubernetes"),
        ),
        disk_stat(),
        stat_panel(
            "API requests",
            "Requests to all APIs within the time range, those that were made again included.",
            Query(queries.API_REQUESTS),
            decimals=0,
            link=to_dashboard("etl-datasets"),
        ),
    ]


def _cost_over_time() -> Row:
    return [
        use_by_namespace("What does each namespace ask for, and use?"),
        series_panel(
            "How much CPU is used?",
            "CPUs in use by namespace, all pods together.",
            Query(kubernetes.PLATFORM_CPU, "{{namespace}}"),
            unit=CPUS,
            stacked=True,
        ),
        events_panel(
            "How many requests do we make?",
            "Requests to each API, tries included. What an API allows, its quota tells (ETL datasets).",
            Query(queries.REQUESTS_BY_SOURCE, "{{source}}"),
        ),
        series_panel(
            "How much memory is used?",
            "Working set by namespace, all pods together.",
            Query(kubernetes.PLATFORM_MEMORY, "{{namespace}}"),
            unit="bytes",
            stacked=True,
        ),
    ]
