"""A run of a DAG, as the templates and the operator of a task see it."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow.sdk import DAG
from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.sdk.execution_time import macros
from kubernetes.client import models as k8s

STARTED = datetime(2026, 11, 21, 6, 0, 0, 123456, tzinfo=UTC)
SCHEDULED = "scheduled__2026-11-21T06:00:00+00:00"


class TaskInstance(SimpleNamespace):
    """What a task knows of itself, and what it hands on to others of its run."""

    def __init__(self, handed_on: dict[tuple[str, str], Any], **known: Any) -> None:
        super().__init__(**known)
        self.handed_on = handed_on

    def xcom_push(self, key: str, value: Any) -> None:
        self.handed_on[self.task_id, key] = value

    def xcom_pull(self, task_ids: str, key: str) -> Any:
        return self.handed_on[task_ids, key]


def context(
    dag: DAG,
    task_id: str = "check",
    *,
    run_id: str = SCHEDULED,
    conf: dict[str, Any] | None = None,
    started: datetime = STARTED,
    cleared: int = 0,
    tries: int = 1,
    index: int | None = None,
    handed_on: dict[tuple[str, str], Any] | None = None,
) -> dict[str, Any]:
    """What Airflow hands to a task.

    `conf` is what a person gave, `index` which one of a mapped task it is, `handed_on` what tasks before left for it;
    without it that is what `check` of the same run would.
    """
    task = dag.get_task(task_id)
    map_index = (0 if index is None else index) if isinstance(task, MappedOperator) else -1
    run = SimpleNamespace(run_id=run_id, start_date=started, clear_number=cleared, conf=conf)
    params = {name: param.resolve() for name, param in dag.params.items()} | (conf or {})
    told = {"dag": dag, "task": task, "dag_run": run, "run_id": run_id, "params": params, "macros": macros}
    told["ti"] = TaskInstance(
        {} if handed_on is None else handed_on,
        dag_id=dag.dag_id,
        task_id=task_id,
        map_index=map_index,
        try_number=tries,
        run_id=run_id,
    )
    if handed_on is None and task_id != "check":
        first = context(dag, run_id=run_id, conf=conf, started=started, cleared=cleared)
        begin = dag.get_task("check")._pre_execute_hook
        begin(first)
        told["ti"].handed_on = first["ti"].handed_on
    return told


def rendered(told: dict[str, Any]) -> Any:
    """The task itself, one of several if it is mapped, its templates filled in."""
    told["task"] = deepcopy(told["task"])  # as in a process of its own: rendering replaces templates, and even params
    told["task"].render_template_fields(told)
    return told["task"]


def pod(dag: DAG, task_id: str, **options: Any) -> k8s.V1Pod:
    """The pod that a task of a run would make."""
    told = context(dag, task_id, **options)
    return rendered(told).build_pod_request_obj(told)
