"""`make trigger`: run a DAG and follow it to its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from k8s.installer import console
from k8s.installer.cluster import contexts
from k8s.installer.cluster.airflow import Airflow
from k8s.installer.errors import FailedError

LOOK_EVERY_S = 0.5
ENDED = {"success", "failed"}
LOG_LINES = 15
PAGE = 100  # Airflow's maximum, unless it is configured otherwise


class RunFailedError(FailedError):
    """The run failed; the end of its tasks' logs has been printed."""


def trigger(cluster_option: str, dag: str, conf: Mapping[str, str | bool]) -> None:
    """Trigger with these parameters, and print a line for each change of a task's state.

    Raises: RunFailedError, and what Airflow refuses.
    """
    cluster = contexts.installed(cluster_option)
    with Airflow(cluster) as api:
        begun = time.monotonic()
        run = api.ask("POST", f"/api/v2/dags/{quote(dag)}/dagRuns", {"logical_date": None, "conf": dict(conf)})
        console.say(f"{dag} {run['dag_run_id']}")
        path = f"/api/v2/dags/{quote(dag)}/dagRuns/{quote(run['dag_run_id'])}"
        tasks = follow(api, path, begun)
        failed = [task for task in tasks if task["state"] == "failed"]
        for task in failed:
            show_log(api, path, task)
        state = api.get(path)["state"]
        seconds = time.monotonic() - begun
        if state != "success":
            names = ", ".join(map(name_of, failed)) or "the run"
            raise RunFailedError(
                f"{names} failed after {seconds:.0f} s.", hint="`make ui` opens Airflow, which has the whole log."
            )
        console.say(f"success after {seconds:.1f} s\nNext: make psql · make ui")


def follow(api: Airflow, path: str, begun: float) -> list[dict[str, Any]]:
    """Print each change until the run has ended; return its tasks."""
    seen: dict[tuple[str, int, int], str] = {}
    while True:
        state = api.get(path)["state"]
        tasks = all_tasks(api, path)
        for task in tasks:
            which, now = (task["task_id"], task["map_index"], task["try_number"]), task["state"]
            if now and seen.get(which) != now:
                seen[which] = now
                again = f" (try {task['try_number']})" if task["try_number"] > 1 else ""
                console.say(f"  {time.monotonic() - begun:6.1f} s  {name_of(task):<12} {now}{again}")
        if state in ENDED:
            return tasks
        time.sleep(LOOK_EVERY_S)


def all_tasks(api: Airflow, path: str) -> list[dict[str, Any]]:
    """The tasks of a run, however many a mapped one has become: Airflow answers a page at a time."""
    tasks: list[dict[str, Any]] = []
    while True:
        page = api.get(f"{path}/taskInstances?limit={PAGE}&offset={len(tasks)}")
        tasks += page["task_instances"]
        if not page["task_instances"] or len(tasks) >= page["total_entries"]:
            return tasks


def name_of(task: dict[str, Any]) -> str:
    """`extract-1`: a mapped task with its index, as in the name of its pod."""
    index = task["map_index"]
    return f"{task['task_id']}-{index}" if index >= 0 else str(task["task_id"])


def show_log(api: Airflow, path: str, task: dict[str, Any]) -> None:
    """Print the end of a task's log, with the pod's own message."""
    console.say(f"\n{name_of(task)}:")
    which = f"{quote(task['task_id'])}/logs/{task['try_number']}?map_index={task['map_index']}"
    log = api.get(f"{path}/taskInstances/{which}&full_content=true")
    for line in log_lines(log)[-LOG_LINES:]:
        console.say(f"  {line}")


def log_lines(log: dict[str, Any]) -> list[str]:
    """The messages of Airflow's structured log; its error details (tracebacks) are left to the UI."""
    lines = []
    for entry in log.get("content", []):
        text = entry if isinstance(entry, str) else str(entry.get("event", ""))
        if text.strip() and not text.startswith("::"):
            lines += text.rstrip().splitlines()
    return lines
