"""Airflow: does it schedule, do runs succeed, how long do tasks run and wait."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards.elements import BAD, NONE_IS_GOOD, OK, POD_REASONS, QUIET, WARN, Column, Query, Thresholds
from monitoring.dashboards.layout import Row, dashboard_of, variable
from monitoring.dashboards.panels import events_panel, points_panel, series_panel, stat_panel, table_panel
from monitoring.dashboards.queries import airflow as queries

ENDS = {".*success": OK, ".*: failed": BAD, ".*upstream_failed": "dark-red", ".*up_for_retry": WARN, ".*skipped": QUIET}


def build() -> Dashboard:
    """Dashboard `airflow`."""
    return dashboard_of(
        "airflow",
        "Airflow",
        "Whether Airflow schedules, how DAG runs and tasks end, and how long they take and wait.",
        {
            "Is it healthy?": _health(),
            "Do runs succeed?": _outcomes(),
            "Is there room?": _capacity(),
            "Is Airflow itself fast?": _speed(),
        },
        variables=[variable("dag_id", "DAG", queries.DAG_IDS)],
        alerts="Airflow.*|EtlPod.*",
    )


def _health() -> Row:
    return [
        stat_panel(
            "Scheduler",
            "Heartbeats per minute, normally one every 5 s. Without heartbeats nothing is scheduled.",
            Query(queries.SCHEDULER_HEARTBEATS),
            unit="cpm",
            thresholds=Thresholds(warn=6, bad=1, falling=True),
            decimals=0,
            no_value="✗ no data",
            alert="AirflowSchedulerHeartbeatMissing",
        ),
        stat_panel(
            "DAG processor",
            "Heartbeats per minute. Without heartbeats, edits of DAG files are not noticed; known DAGs keep running.",
            Query(queries.DAG_PROCESSOR_HEARTBEATS),
            unit="cpm",
            thresholds=Thresholds(bad=1, falling=True),
            decimals=0,
            no_value="✗ no data",
        ),
        stat_panel(
            "Import errors",
            "DAG files that cannot be imported. Airflow's start page shows the traceback.",
            Query(queries.IMPORT_ERRORS),
            thresholds=NONE_IS_GOOD,
            no_value="✗ no data",
            alert="AirflowDagImportErrors",
        ),
        stat_panel(
            "DAGs",
            "DAGs that Airflow has found.",
            Query(queries.DAGS),
            no_value="✗ no data",
        ),
        stat_panel(
            "Tasks running",
            "Tasks that the executor is running now.",
            Query(queries.TASKS_RUNNING),
            no_value="✗ no data",
        ),
        stat_panel(
            "Tasks waiting",
            "Tasks that are due but have no slot yet, over all pools. An alert fires if this lasts.",
            Query(queries.TASKS_WAITING),
            thresholds=Thresholds(warn=1),
            no_value="✗ no data",
            alert="AirflowTasksQueuedTooLong",
        ),
    ]


def _outcomes() -> Row:
    return [
        events_panel(
            "How did DAG runs end?",
            "Finished DAG runs, by state.",
            Query(queries.DAG_RUNS_ENDED, "{{dag_id}}: {{state}}"),
            colours=ENDS,
            alert="AirflowDagRunFailed",
        ),
        points_panel(
            "How long do DAG runs take?",
            "Mean time from start to end of a successful DAG run, by how it was started (scheduled, manual …).",
            Query(queries.DAG_RUN_DURATION, "{{dag_id}}, {{run_type}}"),
        ),
        events_panel(
            "How did task attempts end?",
            "up_for_retry: failed and retried, for example because an API did not answer.",
            Query(queries.TASKS_ENDED, "{{task_id}}: {{state}}"),
            colours=ENDS,
        ),
        events_panel(
            "How did the pods of steps end?",
            "One pod per attempt. NotStarted: no room, or no image; Lost: the pod or its node was deleted.",
            Query(queries.PODS_ENDED, "{{task_id}}: {{reason}}"),
            colours=POD_REASONS,
            alert="EtlPodFailed",
        ),
        points_panel(
            "How long do tasks take?",
            "Mean time of one attempt, including the start of its pod.",
            Query(queries.TASK_DURATION, "{{dag_id}}.{{task_id}}"),
        ),
        points_panel(
            "How long do tasks wait?",
            "95th percentile of the time from due to queued: it depends on slots in pools and on the scheduler.",
            Query(queries.TASK_WAIT_95, "{{dag_id}}.{{task_id}}"),
        ),
        table_panel(
            "Which tasks cause trouble?",
            "Attempts within the time range; how many were retried, failed for good, or stopped their heartbeat.",
            {"dag_id": Column("DAG"), "task_id": Column("Task")},
            [
                (Column("Attempts", "short"), queries.ATTEMPTS_STARTED),
                (Column("Retried", "short", Thresholds(warn=1)), queries.ATTEMPTS_RETRIED),
                (Column("Failed", "short", NONE_IS_GOOD), queries.ATTEMPTS_FAILED),
                (Column("No heartbeat", "short", NONE_IS_GOOD), queries.ATTEMPTS_WITHOUT_HEARTBEAT),
            ],
            sort="Failed",
            no_value="no task has run in this time range",
            span=24,
            height=7,
            alert="AirflowDagRunFailed",
        ),
    ]


def _capacity() -> Row:
    return [
        series_panel(
            "What is the executor doing?",
            "Its running tasks, its queued tasks, and its free slots.",
            Query(queries.TASKS_RUNNING, "running"),
            Query(queries.TASKS_QUEUED, "queued"),
            Query(queries.EXECUTOR_SLOTS_OPEN, "free slots"),
            alert="AirflowTasksQueuedTooLong",
        ),
        series_panel(
            "What is waiting in which pool?",
            "Slots of each pool by state. Starving: tasks that cannot get a slot.",
            Query(queries.POOL_RUNNING, "{{pool_name}}: running"),
            Query(queries.POOL_QUEUED, "{{pool_name}}: queued"),
            Query(queries.POOL_SCHEDULED, "{{pool_name}}: scheduled"),
            Query(queries.POOL_STARVING, "{{pool_name}}: starving"),
            Query(queries.POOL_OPEN, "{{pool_name}}: free"),
            alert="AirflowTasksQueuedTooLong",
        ),
    ]


def _speed() -> Row:
    return [
        series_panel(
            "How long is a scheduler loop?",
            "Median and 95th percentile of the time of one pass over everything that could be scheduled.",
            Query(queries.SCHEDULER_LOOP_MEDIAN, "median"),
            Query(queries.SCHEDULER_LOOP_95, "95th percentile"),
            unit="s",
            span=8,
        ),
        points_panel(
            "How long does parsing a DAG take?",
            "Mean time to parse each DAG file. A file that is slow here slows down each of its tasks as well.",
            Query(queries.DAG_PARSE_DURATION, "{{file_name}}"),
            span=8,
        ),
        events_panel(
            "Were tasks orphaned?",
            "Tasks of a dead scheduler: adopted by the next one, or cleared and restarted.",
            Query(queries.ORPHANS_ADOPTED, "adopted"),
            Query(queries.ORPHANS_CLEARED, "cleared"),
            Query(queries.TASKS_WITHOUT_HEARTBEAT, "no heartbeat, given up"),
            span=8,
            colours={"cleared": WARN, "no heartbeat.*": BAD, "adopted": "blue"},
        ),
    ]
