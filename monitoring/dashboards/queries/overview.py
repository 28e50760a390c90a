"""Queries of the dashboard `platform-overview` that no other dashboard asks."""

from __future__ import annotations

from monitoring.dashboards.promql import RANGE, happened, or_zero
from monitoring.dashboards.queries import kubernetes
from monitoring.dashboards.queries.etl_datasets import last_run_failed, schedule

ALERTS_FIRING = or_zero('count(ALERTS{alertstate="firing", severity=~"warning|critical"})')
FAILED_SOURCES = f"sum({last_run_failed()})"
TARGETS_DOWN = or_zero("up == bool 0")
ALERTS_BY_LABELS = 'count by (alertname, severity, source, dataset, namespace, pod) (ALERTS{alertstate="firing"})'

ROWS_PUBLISHED = "sum(max by (source, dataset) (etl_dataset_rows))"
SOURCES_SCHEDULED = f"count({schedule()})"
DAG_RUNS_ENDED = happened("airflow_dag_run_duration_seconds_count", "dag_id, state")
RUNS_ENDED = happened("etl_runs_total", "source, status")

FAILED = 'state=~"failed|upstream_failed|up_for_retry"'
TASKS_FAILED = happened("airflow_task_instances_finished_total", "dag_id, task_id, state", FAILED, RANGE) + " > 0"
ERRORS = happened("etl_errors_total", "source, command, error", window=RANGE) + " > 0"
PODS_FAILED = happened("etl_pods_ended_total", "dag_id, task_id, reason", 'reason!="Completed"', RANGE) + " > 0"

CPU_USED = f"sum({kubernetes.PLATFORM_CPU})"
MEMORY_USED = f"sum({kubernetes.PLATFORM_MEMORY})"
DATABASE_SIZE = "sum(max by (datname) (pg_database_size_bytes))"
STORAGE_CLAIMED = f"sum({kubernetes.PLATFORM_CLAIMED})"
API_REQUESTS = or_zero(happened("etl_request_duration_seconds_count", "source", window=RANGE))
REQUESTS_BY_SOURCE = happened("etl_request_duration_seconds_count", "source")
