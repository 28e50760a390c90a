"""A run of a DAG, as the templates and the operator of a task see it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow.sdk import DAG
from kubernetes.client import models as k8s

STARTED = datetime(2026, 11, 21, 6, 0, 0, 123456, tzinfo=UTC)
SCHEDULED = "scheduled__2026-11-21T06:00:00+00:00"


def context(
    dag: DAG,
    task_id: str = "check",
    *,
    run_id: str = SCHEDULED,
    conf: dict[str, Any] | None = None,
    started: datetime = STARTED,
    cleared: int = 0,
    tries: int = 1,
) -> dict[str, Any]:
    """What Airflow hands to a task; `conf` is what a person gave."""
    task = dag.get_task(task_id)
    ti = SimpleNamespace(dag_id=dag.dag_id, task_id=task_id, map_index=-1, try_number=tries, run_id=run_id)
    run = SimpleNamespace(run_id=run_id, start_date=started, clear_number=cleared, conf=conf)
    params = {name: param.resolve() for name, param in dag.params.items()} | (conf or {})
    return {"dag": dag, "task": task, "ti": ti, "dag_run": run, "run_id": run_id, "params": params}


def pod(dag: DAG, task_id: str, **options: Any) -> k8s.V1Pod:
    """The pod that a task of a run would make."""
    told = context(dag, task_id, **options)
    task = _fresh(dag, task_id)
    task.render_template_fields(told)
    return task.build_pod_request_obj(told)


def _fresh(dag: DAG, task_id: str) -> Any:
    """A copy: rendering replaces a task's templates."""
    return dag.get_task(task_id).prepare_for_execution()
