"""Queries of the dashboard `airflow`."""

from __future__ import annotations

from monitoring.dashboards.promql import RANGE, happened, mean, or_zero, quantile, rate

CHOSEN = 'dag_id=~"$dag_id"'
DAG_IDS = "label_values(airflow_task_instances_finished_total, dag_id)"

SCHEDULER_HEARTBEATS = "sum(rate(airflow_scheduler_heartbeats_total[5m])) * 60"
DAG_PROCESSOR_HEARTBEATS = "sum(rate(airflow_dag_processor_heartbeats_total[5m])) * 60"
IMPORT_ERRORS = "max(airflow_dag_import_errors)"
DAGS = "max(airflow_dags)"
DAG_RUNS_RUNNING = "max(airflow_dag_runs_running)"
TASKS_WAITING = "sum(pool:airflow_waiting_tasks:sum)"

DAG_RUNS_ENDED = happened("airflow_dag_run_duration_seconds_count", "dag_id, state", CHOSEN)
DAG_RUN_DURATION = mean("airflow_dag_run_duration_seconds", "dag_id, run_type", f'{CHOSEN}, state="success"')
TASKS_ENDED = happened("airflow_task_instances_finished_total", "task_id, state", CHOSEN)
PODS_ENDED = happened("etl_pods_ended_total", "task_id, reason", CHOSEN)
TASK_DURATION = mean("airflow_task_duration_seconds", "dag_id, task_id", CHOSEN)
TASK_WAIT_95 = quantile(0.95, "airflow_task_scheduled_duration_seconds", "dag_id, task_id", CHOSEN)

TASKS_RUNNING = "sum(max by (name) (airflow_executor_running_tasks))"
TASKS_QUEUED = "sum(max by (name) (airflow_executor_queued_tasks))"
EXECUTOR_SLOTS_OPEN = "sum(max by (name) (airflow_executor_open_slots))"
POOL_RUNNING = "max by (pool_name) (airflow_pool_running_slots)"
POOL_QUEUED = "max by (pool_name) (airflow_pool_queued_slots)"
POOL_SCHEDULED = "max by (pool_name) (airflow_pool_scheduled_slots)"
POOL_STARVING = "max by (pool_name) (airflow_pool_starving_tasks)"
POOL_OPEN = "max by (pool_name) (airflow_pool_open_slots)"

SCHEDULER_LOOP_BUCKETS = rate("airflow_scheduler_loop_duration_seconds_bucket", "le")
SCHEDULER_LOOP_MEDIAN = f"histogram_quantile(0.5, {SCHEDULER_LOOP_BUCKETS})"
SCHEDULER_LOOP_95 = f"histogram_quantile(0.95, {SCHEDULER_LOOP_BUCKETS})"
DAG_PARSE_DURATION = mean("airflow_dag_parse_duration_seconds", "file_name, bundle_name")
ORPHANS_ADOPTED = or_zero(happened("airflow_orphaned_tasks_adopted_total", ""))
ORPHANS_CLEARED = or_zero(happened("airflow_orphaned_tasks_cleared_total", ""))
TASKS_WITHOUT_HEARTBEAT = or_zero(happened("airflow_task_instances_without_heartbeat_total", ""))


def _attempts(event: str, state: str = "") -> str:
    """How many attempts of each task within the time range met this event; 0 for tasks that ran without it."""
    where = f'{CHOSEN}, state="{state}"' if state else CHOSEN
    began = happened("airflow_task_instances_started_total", "dag_id, task_id", CHOSEN, RANGE)
    return f"{happened(f'airflow_task_instances_{event}_total', 'dag_id, task_id', where, RANGE)} or 0 * {began}"


ATTEMPTS_STARTED = _attempts("started")
ATTEMPTS_RETRIED = _attempts("finished", "up_for_retry")
ATTEMPTS_FAILED = _attempts("finished", "failed")
ATTEMPTS_WITHOUT_HEARTBEAT = _attempts("without_heartbeat")
