"""A run of a DAG, as a task's templates and its operator see it."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.sdk.execution_time import macros
from kubernetes.client import ApiClient

from tests.dags.parsed import BACKFILL, DAGS

STARTED = datetime(2026, 11, 21, 6, 0, 0, 123456, tzinfo=UTC)
SCHEDULED = "scheduled__2026-11-21T06:00:00+00:00"
# Parameters without a default.
NEEDED = {BACKFILL: {"source": "sensors", "start_date": "2024-01-01", "end_date": "2024-03-01"}}
MANUAL = "manual__2026-11-21T15:45:27.941839+00:00"

XComs = dict[tuple[str, str], Any]  # by task and key


class TaskInstance(SimpleNamespace):
    """What a task knows about itself, and the XComs of its run."""

    def __init__(self, xcoms: XComs, **known: Any) -> None:
        super().__init__(**known)
        self.xcoms = xcoms

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[self.task_id, key] = value

    def xcom_pull(self, task_ids: str, key: str, **_: Any) -> Any:
        return self.xcoms.get((task_ids, key))


def context(
    dag: str,
    task_id: str = "check",
    *,
    run_id: str = SCHEDULED,
    conf: dict[str, Any] | None = None,
    started: datetime = STARTED,
    cleared: int = 0,
    tries: int = 1,
    index: int | None = None,
    xcoms: XComs | None = None,
) -> dict[str, Any]:
    """What Airflow gives to a task.

    `conf`: the parameters of a run by hand; `index`: which one of a mapped task; `xcoms`: those of earlier tasks,
    by default those of `check` in the same run.
    """
    definition = DAGS[dag]
    task = definition.get_task(task_id)
    given = NEEDED.get(dag, {}) | (conf or {})
    run = SimpleNamespace(run_id=run_id, start_date=started, clear_number=cleared, conf=given or None)
    params = {name: param.resolve() for name, param in definition.params.items() if name not in given} | given
    if xcoms is None:
        xcoms = {} if task_id == "check" else begun(dag, run_id=run_id, conf=conf, started=started, cleared=cleared)
    instance = TaskInstance(
        xcoms,
        dag_id=dag,
        task_id=task_id,
        map_index=(index or 0) if isinstance(task, MappedOperator) else -1,
        try_number=tries,
        run_id=run_id,
    )
    return {
        "dag": definition,
        "task": task,
        "dag_run": run,
        "run_id": run_id,
        "params": params,
        "macros": macros,
        "ti": instance,
    }


def begun(dag: str, **options: Any) -> XComs:
    """The XComs of a run in which `check` has begun; none of a DAG that has no such task."""
    if not DAGS[dag].has_task("check"):
        return {}
    first = context(dag, **options)
    first["task"]._pre_execute_hook(first)
    xcoms: XComs = first["ti"].xcoms
    if DAGS[dag].has_task("months"):
        xcoms["months", "return_value"] = DAGS[dag].get_task("months").python_callable(first["params"])
    return xcoms


def rendered(given: dict[str, Any]) -> Any:
    """The task itself, one of several if it is mapped, with its templates filled in."""
    given["task"] = deepcopy(given["task"])  # as in a process of its own: rendering replaces templates, even params
    given["task"].render_template_fields(given)
    return given["task"]


def manifest(dag: str, task_id: str, **options: Any) -> Any:
    """The pod that a task of a run would create, as JSON."""
    given = context(dag, task_id, **options)
    return ApiClient().sanitize_for_serialization(rendered(given).build_pod_request_obj(given))


def arguments(dag: str, task_id: str, **options: Any) -> list[str]:
    """How that pod calls `etl`."""
    return list(manifest(dag, task_id, **options)["spec"]["containers"][0]["args"])
