"""Airflow: does it schedule, do runs end well, how long do tasks take and wait."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards.elements import BAD, NONE_IS_WELL, OK, POD_REASONS, QUIET, WARN, Column, Query, Thresholds
from monitoring.dashboards.layout import Row, dashboard_of, variable
from monitoring.dashboards.panels import events_panel, points_panel, series_panel, stat_panel, table_panel
from monitoring.dashboards.queries import airflow as queries

ENDS = {".*success": OK, ".*: failed": BAD, ".*upstream_failed": "dark-red", ".*up_for_retry": WARN, ".*skipped": QUIET}


def build() -> Dashboard:
    """Dashboard `airflow`."""
    return dashboard_of(
        "airflow",
        "Airflow",
        "Whether Airflow schedules, how DAG runs and tasks end, how long they take and how long they wait.",
        {
            "Is it well?": _health(),
            "Do runs end well?": _outcomes(),
            "Is there room?": _capacity(),
            "Is the machinery quick?": _speed(),
        },
        variables=[variable("dag_id", "DAG", queries.DAG_IDS)],
        alerts="Airflow.*|EtlPod.*",
    )


def _health() -> Row:
    return [
        stat_panel(
            "Scheduler",
            "Heartbeats per minute, usually one every 5 s. Without any, nothing is scheduled.",
            Query(queries.SCHEDULER_HEARTBEATS),
            unit="cpm",
            thresholds=Thresholds(warn=6, bad=1, falling=True),
            decimals=0,
            no_value="✗ silent",
            alert="AirflowSchedulerHeartbeatMissing",
        ),
        stat_panel(
            "DAG processor",
            "Heartbeats per minute. Without any, edits of DAGs are not seen; those that are known go on.",
            Query(queries.DAG_PROCESSOR_HEARTBEATS),
            unit="cpm",
            thresholds=Thresholds(bad=1, falling=True),
            decimals=0,
            no_value="✗ silent",
        ),
        stat_panel(
            "Import errors",
            "DAG files that cannot be read. Airflow's start page shows the traceback.",
            Query(queries.IMPORT_ERRORS),
            thresholds=NONE_IS_WELL,
            no_value="✗ silent",
            alert="AirflowDagImportErrors",
        ),
        stat_panel(
            "DAGs",
            "DAGs that were found.",
            Query(queries.DAGS),
            no_value="✗ silent",
        ),
        stat_panel(
            "Tasks that run",
            "Tasks that the executor runs now.",
            Query(queries.TASKS_RUNNING),
            no_value="✗ silent",
        ),
        stat_panel(
            "Tasks that wait",
            "Tasks that are due and have no slot yet, all pools together. It is an alert when that lasts.",
            Query(queries.TASKS_WAITING),
            thresholds=Thresholds(warn=1),
            no_value="✗ silent",
            alert="AirflowTasksQueuedTooLong",
        ),
    ]


def _outcomes() -> Row:
    return [
        events_panel(
            "How did DAG runs end?",
            "DAG runs that ended, by state.",
            Query(queries.DAG_RUNS_ENDED, "{{dag_id}}: {{state}}"),
            colours=ENDS,
            alert="AirflowDagRunFailed",
        ),
        points_panel(
            "How long do DAG runs take?",
            "Mean time from the start of a DAG run to its end, by how it was started (scheduled, manual …).",
            Query(queries.DAG_RUN_DURATION, "{{dag_id}}, {{run_type}}"),
        ),
        events_panel(
            "How did tries of tasks end?",
            "up_for_retry: failed and tried again, as when an API does not answer.",
            Query(queries.TASKS_ENDED, "{{task_id}}: {{state}}"),
            colours=ENDS,
        ),
        events_panel(
            "How did the pods of steps end?",
            "A pod for each try. NotStarted: no room, or no image; Lost: someone deleted it, or its node.",
            Query(queries.PODS_ENDED, "{{task_id}}: {{reason}}"),
            colours=POD_REASONS,
            alert="EtlPodFailed",
        ),
        points_panel(
            "How long do tasks take?",
            "Mean time of one try, its pod's start included.",
            Query(queries.TASK_DURATION, "{{dag_id}}.{{task_id}}"),
        ),
        points_panel(
            "How long do tasks wait?",
            "Time in which 95 % of tasks got from being due to being queued: room in pools, and the scheduler.",
            Query(queries.TASK_WAIT_95, "{{dag_id}}.{{task_id}}"),
        ),
        table_panel(
            "Which tasks make trouble?",
            "Tasks within the time range: tries, and those that failed for good or vanished without a sign.",
            {"dag_id": Column("DAG"), "task_id": Column("Task")},
            [
                (Column("Tries", "short"), queries.ATTEMPTS_STARTED),
                (Column("Tried again", "short", Thresholds(warn=1)), queries.ATTEMPTS_RETRIED),
                (Column("Failed", "short", NONE_IS_WELL), queries.ATTEMPTS_FAILED),
                (Column("Without heartbeat", "short", NONE_IS_WELL), queries.ATTEMPTS_WITHOUT_HEARTBEAT),
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
            "What does the executor do?",
            "Tasks that run and that are queued in it, and the slots it has left.",
            Query(queries.TASKS_RUNNING, "running"),
            Query(queries.TASKS_QUEUED, "queued"),
            Query(queries.EXECUTOR_SLOTS_OPEN, "slots left"),
            alert="AirflowTasksQueuedTooLong",
        ),
        series_panel(
            "Who waits in which pool?",
            "Slots of each pool by what they do. Starving: tasks that want a slot in vain.",
            Query(queries.POOL_RUNNING, "{{pool_name}}: running"),
            Query(queries.POOL_QUEUED, "{{pool_name}}: queued"),
            Query(queries.POOL_SCHEDULED, "{{pool_name}}: scheduled"),
            Query(queries.POOL_STARVING, "{{pool_name}}: starving"),
            Query(queries.POOL_OPEN, "{{pool_name}}: left"),
            alert="AirflowTasksQueuedTooLong",
        ),
    ]


def _speed() -> Row:
    return [
        series_panel(
            "How long does the scheduler's loop take?",
            "Time in which half and 95 % of its looks at everything were done.",
            Query(queries.SCHEDULER_LOOP_MEDIAN, "half"),
            Query(queries.SCHEDULER_LOOP_95, "95 %"),
            unit="s",
            span=8,
        ),
        points_panel(
            "How long does reading a DAG file take?",
            "Mean time to parse each file. What is slow here is slow in each task, too.",
            Query(queries.DAG_PARSE_DURATION, "{{file_name}}"),
            span=8,
        ),
        events_panel(
            "Were tasks orphaned?",
            "Tasks of a scheduler that died: adopted by the next one, or cleared to start anew.",
            Query(queries.ORPHANS_ADOPTED, "adopted"),
            Query(queries.ORPHANS_CLEARED, "cleared"),
            Query(queries.TASKS_WITHOUT_HEARTBEAT, "given up without heartbeat"),
            span=8,
            colours={"cleared": WARN, "given up.*": BAD, "adopted": "blue"},
        ),
    ]
