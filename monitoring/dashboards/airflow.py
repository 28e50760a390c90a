"""Airflow: does it schedule, do runs end well, how long do tasks take and wait."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards.panels import (
    BAD,
    NONE_IS_WELL,
    OK,
    QUIET,
    WARN,
    Column,
    Query,
    Thresholds,
    dashboard_of,
    events_panel,
    points_panel,
    series_panel,
    stat_panel,
    table_panel,
    variable,
)
from monitoring.dashboards.queries import RANGE, happened, mean, or_zero, quantile, rate

DAG = 'dag_id=~"$dag_id"'
ENDS = {".*success": OK, ".*: failed": BAD, ".*upstream_failed": "dark-red", ".*up_for_retry": WARN, ".*skipped": QUIET}
REASONS = {
    ".*Completed": OK,
    ".*: Error": BAD,
    ".*OOMKilled": "dark-red",
    ".*Evicted": WARN,
    ".*NotStarted": "purple",
    ".*Lost": "dark-orange",
}


def build() -> Dashboard:
    """Dashboard `airflow`."""
    return dashboard_of(
        "airflow",
        "Airflow",
        "Whether Airflow schedules, how DAG runs and tasks end, how long they take and how long they wait.",
        {
            "Is it well?": [
                stat_panel(
                    "Scheduler",
                    "Heartbeats per minute, usually one every 5 s. Without any, nothing is scheduled.",
                    Query("sum(rate(airflow_scheduler_heartbeats_total[5m])) * 60"),
                    unit="cpm",
                    thresholds=Thresholds(warn=6, bad=1, falling=True),
                    decimals=0,
                    no_value="✗ silent",
                    alert="AirflowSchedulerHeartbeatMissing",
                ),
                stat_panel(
                    "DAG processor",
                    "Heartbeats per minute. Without any, edits of DAGs are not seen; those that are known go on.",
                    Query("sum(rate(airflow_dag_processor_heartbeats_total[5m])) * 60"),
                    unit="cpm",
                    thresholds=Thresholds(bad=1, falling=True),
                    decimals=0,
                    no_value="✗ silent",
                ),
                stat_panel(
                    "Import errors",
                    "DAG files that cannot be read. Airflow's start page shows the traceback.",
                    Query("max(airflow_dag_import_errors)"),
                    thresholds=NONE_IS_WELL,
                    no_value="✗ silent",
                    alert="AirflowDagImportErrors",
                ),
                stat_panel(
                    "DAGs",
                    "DAGs that were found.",
                    Query("max(airflow_dags)"),
                    no_value="✗ silent",
                ),
                stat_panel(
                    "Tasks that run",
                    "Tasks that the executor runs now.",
                    Query("sum(max by (name) (airflow_executor_running_tasks))"),
                    no_value="✗ silent",
                ),
                stat_panel(
                    "Tasks that wait",
                    "Tasks that are due and have no slot yet, all pools together. It is an alert when that lasts.",
                    Query("sum(pool:airflow_waiting_tasks:sum)"),
                    thresholds=Thresholds(warn=1),
                    no_value="✗ silent",
                    alert="AirflowTasksQueuedTooLong",
                ),
            ],
            "Do runs end well?": [
                events_panel(
                    "How did DAG runs end?",
                    "DAG runs that ended, by state.",
                    Query(
                        happened("airflow_dag_run_duration_seconds_count", "dag_id, state", DAG),
                        "{{dag_id}}: {{state}}",
                    ),
                    colours=ENDS,
                    alert="AirflowDagRunFailed",
                ),
                points_panel(
                    "How long do DAG runs take?",
                    "Mean time from the start of a DAG run to its end, by how it was started (scheduled, manual …).",
                    Query(
                        mean("airflow_dag_run_duration_seconds", "dag_id, run_type", DAG + ', state="success"'),
                        "{{dag_id}}, {{run_type}}",
                    ),
                ),
                events_panel(
                    "How did tries of tasks end?",
                    "up_for_retry: failed and tried again, as when an API does not answer.",
                    Query(
                        happened("airflow_task_instances_finished_total", "task_id, state", DAG),
                        "{{task_id}}: {{state}}",
                    ),
                    colours=ENDS,
                ),
                events_panel(
                    "How did the pods of steps end?",
                    "A pod for each try. NotStarted: no room, or no image; Lost: someone deleted it, or its node.",
                    Query(happened("etl_pods_ended_total", "task_id, reason", DAG), "{{task_id}}: {{reason}}"),
                    colours=REASONS,
                    alert="EtlPodFailed",
                ),
                points_panel(
                    "How long do tasks take?",
                    "Mean time of one try, its pod's start included.",
                    Query(mean("airflow_task_duration_seconds", "dag_id, task_id", DAG), "{{dag_id}}.{{task_id}}"),
                ),
                points_panel(
                    "How long do tasks wait?",
                    "Time in which 95 % of tasks got from being due to being queued: room in pools, and the scheduler.",
                    Query(
                        quantile(0.95, "airflow_task_scheduled_duration_seconds", "dag_id, task_id", DAG),
                        "{{dag_id}}.{{task_id}}",
                    ),
                ),
                table_panel(
                    "Which tasks make trouble?",
                    "Tasks within the time range: tries, and those that failed for good or vanished without a sign.",
                    {"dag_id": Column("DAG"), "task_id": Column("Task")},
                    [
                        (Column("Tries", "short"), _tasks("started")),
                        (Column("Tried again", "short", Thresholds(warn=1)), _tasks("finished", "up_for_retry")),
                        (Column("Failed", "short", NONE_IS_WELL), _tasks("finished", "failed")),
                        (Column("Without heartbeat", "short", NONE_IS_WELL), _tasks("without_heartbeat")),
                    ],
                    sort="Failed",
                    no_value="no task has run in this time range",
                    span=24,
                    height=7,
                    alert="AirflowDagRunFailed",
                ),
            ],
            "Is there room?": [
                series_panel(
                    "What does the executor do?",
                    "Tasks that run and that are queued in it, and the slots it has left.",
                    Query("sum(max by (name) (airflow_executor_running_tasks))", "running"),
                    Query("sum(max by (name) (airflow_executor_queued_tasks))", "queued"),
                    Query("sum(max by (name) (airflow_executor_open_slots))", "slots left"),
                    alert="AirflowTasksQueuedTooLong",
                ),
                series_panel(
                    "Who waits in which pool?",
                    "Slots of each pool by what they do. Starving: tasks that want a slot in vain.",
                    Query("max by (pool_name) (airflow_pool_running_slots)", "{{pool_name}}: running"),
                    Query("max by (pool_name) (airflow_pool_queued_slots)", "{{pool_name}}: queued"),
                    Query("max by (pool_name) (airflow_pool_scheduled_slots)", "{{pool_name}}: scheduled"),
                    Query("max by (pool_name) (airflow_pool_starving_tasks)", "{{pool_name}}: starving"),
                    Query("max by (pool_name) (airflow_pool_open_slots)", "{{pool_name}}: left"),
                    alert="AirflowTasksQueuedTooLong",
                ),
            ],
            "Is the machinery quick?": [
                series_panel(
                    "How long does the scheduler's loop take?",
                    "Time in which half and 95 % of its looks at everything were done.",
                    Query(
                        "histogram_quantile(0.5, " + rate("airflow_scheduler_loop_duration_seconds_bucket", "le") + ")",
                        "half",
                    ),
                    Query(
                        "histogram_quantile(0.95, "
                        + rate("airflow_scheduler_loop_duration_seconds_bucket", "le")
                        + ")",
                        "95 %",
                    ),
                    unit="s",
                    span=8,
                ),
                points_panel(
                    "How long does reading a DAG file take?",
                    "Mean time to parse each file. What is slow here is slow in each task, too.",
                    Query(mean("airflow_dag_parse_duration_seconds", "file_name, bundle_name"), "{{file_name}}"),
                    span=8,
                ),
                events_panel(
                    "Were tasks orphaned?",
                    "Tasks of a scheduler that died: adopted by the next one, or cleared to start anew.",
                    Query(or_zero(happened("airflow_orphaned_tasks_adopted_total", "")), "adopted"),
                    Query(or_zero(happened("airflow_orphaned_tasks_cleared_total", "")), "cleared"),
                    Query(
                        or_zero(happened("airflow_task_instances_without_heartbeat_total", "")),
                        "given up without heartbeat",
                    ),
                    span=8,
                    colours={"cleared": WARN, "given up.*": BAD, "adopted": "blue"},
                ),
            ],
        },
        variables=[variable("dag_id", "DAG", "label_values(airflow_task_instances_finished_total, dag_id)")],
        alerts="Airflow.*|EtlPod.*",
    )


def _tasks(what: str, state: str = "") -> str:
    """How many tries of each task went so within the time range; 0 for those that never did."""
    where = f'{DAG}, state="{state}"' if state else DAG
    began = happened("airflow_task_instances_started_total", "dag_id, task_id", DAG, RANGE)
    return f"{happened(f'airflow_task_instances_{what}_total', 'dag_id, task_id', where, RANGE)} or 0 * {began}"
