"""Platform overview: is it well, what runs, what failed, what does it cost."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards import etl_datasets, kubernetes
from monitoring.dashboards.panels import (
    BAD,
    CPUS,
    NONE_IS_WELL,
    OK,
    UP,
    Column,
    Query,
    Thresholds,
    dashboard_of,
    events_panel,
    runbook,
    series_panel,
    stat_panel,
    table_panel,
    to_dashboard,
)
from monitoring.dashboards.queries import RANGE, happened, or_zero


def build() -> Dashboard:
    """Dashboard `platform-overview`, where people begin."""
    return dashboard_of(
        "platform-overview",
        "Platform overview",
        "Whether the platform is well, what runs, what failed lately, and what it costs.",
        {
            "Is it well?": [
                stat_panel(
                    "Alerts firing",
                    "Alerts of severity warning or critical that fire now. The table below names them.",
                    Query(or_zero('count(ALERTS{alertstate="firing", severity=~"warning|critical"})')),
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
                    Query("sum(max by (source) (etl_source_last_run_failed))"),
                    thresholds=NONE_IS_WELL,
                    no_value="no ledger",
                    alert="EtlRunFailed",
                    link=to_dashboard("etl-datasets"),
                ),
                stat_panel(
                    "DAG import errors",
                    "DAG files that Airflow cannot read; their DAGs are missing or of an earlier version.",
                    Query("max(airflow_dag_import_errors)"),
                    thresholds=NONE_IS_WELL,
                    no_value="Airflow is silent",
                    alert="AirflowDagImportErrors",
                    link=to_dashboard("airflow"),
                ),
                stat_panel(
                    "Postgres",
                    "Whether the exporter can connect to the warehouse.",
                    Query("max(pg_up)"),
                    words=UP,
                    no_value="no exporter",
                    alert="PostgresDown",
                    link=to_dashboard("warehouse"),
                ),
                stat_panel(
                    "Targets down",
                    "Targets of Prometheus that do not answer: what they would tell is missing here.",
                    Query(or_zero("up == bool 0")),
                    thresholds=NONE_IS_WELL,
                    alert="ExporterDown",
                ),
                table_panel(
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
                    [
                        (
                            Column("Alerts", "short", width=70),
                            "count by (alertname, severity, source, dataset, namespace, pod)"
                            ' (ALERTS{alertstate="firing"})',
                        )
                    ],
                    sort="Severity",
                    descending=False,
                    no_value="✓ none",
                    height=9,
                ),
                etl_datasets.freshness(title="How fresh is each source?", height=9),
            ],
            "What runs, and what ran?": [
                stat_panel(
                    "DAG runs now",
                    "DAG runs that are on their way.",
                    Query("max(airflow_dag_runs_running)"),
                    no_value="Airflow is silent",
                    link=to_dashboard("airflow"),
                ),
                stat_panel(
                    "Tasks now",
                    "Tasks that the executor runs; each step of the pipeline is one, and has one pod.",
                    Query("sum(max by (name) (airflow_executor_running_tasks))"),
                    no_value="Airflow is silent",
                    link=to_dashboard("airflow"),
                ),
                stat_panel(
                    "Tasks that wait",
                    "Tasks that are due and have no slot yet. It is an alert when that lasts.",
                    Query("sum(pool:airflow_waiting_tasks:sum)"),
                    thresholds=Thresholds(warn=1),
                    no_value="Airflow is silent",
                    alert="AirflowTasksQueuedTooLong",
                    link=to_dashboard("airflow"),
                ),
                stat_panel(
                    "Pods in etl now",
                    "Pods of the pipeline that run at this moment.",
                    Query('sum(kube_pod_status_phase{namespace="etl", phase="Running"}) or vector(0)'),
                    link=to_dashboard("kubernetes"),
                ),
                stat_panel(
                    "Rows published",
                    "Rows of all tables of silver and gold, as the ledger has them.",
                    Query("sum(max by (source, dataset) (etl_dataset_rows))"),
                    no_value="nothing published",
                    link=to_dashboard("etl-datasets"),
                ),
                stat_panel(
                    "Sources watched",
                    "Sources that have a schedule in the ledger (ops.schedule).",
                    Query("count(max by (source) (etl_source_schedule_seconds))"),
                    no_value="no ledger",
                    link=to_dashboard("etl-datasets"),
                ),
                events_panel(
                    "How did DAG runs end?",
                    "DAG runs that ended, by DAG and state. One that failed had tried each task several times.",
                    Query(happened("airflow_dag_run_duration_seconds_count", "dag_id, state"), "{{dag_id}}: {{state}}"),
                    colours={".*: success": OK, ".*: failed": BAD},
                    alert="AirflowDagRunFailed",
                ),
                events_panel(
                    "How did runs of the pipeline end?",
                    "Runs as the pipeline counts them: published, nothing new (unchanged), or failed.",
                    Query(happened("etl_runs_total", "source, status"), "{{source}}: {{status}}"),
                    colours={".*: published": OK, ".*: unchanged": "blue", ".*: failed": BAD},
                    alert="EtlRunFailed",
                ),
            ],
            "What failed lately?": [
                table_panel(
                    "Tasks that failed",
                    "Tries of tasks that failed within the time range. up_for_retry: it was tried again.",
                    {"dag_id": Column("DAG"), "task_id": Column("Task"), "state": Column("State")},
                    [
                        (
                            Column("Tries", "short", width=70),
                            happened(
                                "airflow_task_instances_finished_total",
                                "dag_id, task_id, state",
                                'state=~"failed|upstream_failed|up_for_retry"',
                                RANGE,
                            )
                            + " > 0",
                        )
                    ],
                    sort="Tries",
                    no_value="✓ none in this time range",
                    span=8,
                    alert="AirflowDagRunFailed",
                ),
                table_panel(
                    "Errors that ended a command",
                    "By class: those that waiting mends (SourceUnavailableError …) are tried again, others are not.",
                    {"source": Column("Source"), "command": Column("Command"), "error": Column("Error")},
                    [
                        (
                            Column("Times", "short", width=70),
                            happened("etl_errors_total", "source, command, error", window=RANGE) + " > 0",
                        )
                    ],
                    sort="Times",
                    no_value="✓ none in this time range",
                    span=8,
                    alert="EtlRunFailed",
                ),
                table_panel(
                    "Pods that ended badly",
                    "Pods of steps that did not complete, by why. Killed pods are tried again and go on.",
                    {"dag_id": Column("DAG"), "task_id": Column("Task"), "reason": Column("Reason")},
                    [
                        (
                            Column("Pods", "short", width=70),
                            happened("etl_pods_ended_total", "dag_id, task_id, reason", 'reason!="Completed"', RANGE)
                            + " > 0",
                        )
                    ],
                    sort="Pods",
                    no_value="✓ none in this time range",
                    span=8,
                    alert="EtlPodFailed",
                ),
            ],
            "What does it cost?": [
                stat_panel(
                    "CPU used",
                    "CPUs that the platform's pods use now.",
                    Query(f"sum({kubernetes.CPU})"),
                    unit=CPUS,
                    decimals=2,
                    link=to_dashboard("kubernetes"),
                ),
                stat_panel(
                    "Memory used",
                    "Working set of the platform's pods now.",
                    Query(f"sum({kubernetes.MEMORY})"),
                    unit="bytes",
                    link=to_dashboard("kubernetes"),
                ),
                stat_panel(
                    "Databases",
                    "Size of all databases of the server: the warehouse's and Airflow's.",
                    Query("sum(max by (datname) (pg_database_size_bytes))"),
                    unit="bytes",
                    no_value="no exporter",
                    link=to_dashboard("warehouse"),
                ),
                stat_panel(
                    "Volumes claimed",
                    "Storage that claims ask for. What is used of it, only some storage classes tell.",
                    Query(f"sum({kubernetes.CLAIMED})"),
                    unit="bytes",
                    link=to_dashboard("kubernetes"),
                ),
                kubernetes.disk_stat(),
                stat_panel(
                    "API requests",
                    "Requests to all APIs within the time range, those that were made again included.",
                    Query(or_zero(happened("etl_request_duration_seconds_count", "source", window=RANGE))),
                    decimals=0,
                    link=to_dashboard("etl-datasets"),
                ),
                kubernetes.use_by_namespace("What does each namespace ask for, and use?"),
                series_panel(
                    "How much CPU is used?",
                    "CPUs in use by namespace, all pods together.",
                    Query(kubernetes.CPU, "{{namespace}}"),
                    unit=CPUS,
                    stacked=True,
                ),
                events_panel(
                    "How many requests do we make?",
                    "Requests to each API, tries included. What an API allows, its quota tells (ETL datasets).",
                    Query(happened("etl_request_duration_seconds_count", "source"), "{{source}}"),
                ),
                series_panel(
                    "How much memory is used?",
                    "Working set by namespace, all pods together.",
                    Query(kubernetes.MEMORY, "{{namespace}}"),
                    unit="bytes",
                    stacked=True,
                ),
            ],
        },
        alerts=".+",
    )
