"""`make trigger`: run a DAG and follow it to its end."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

from etl.core.errors import PlatformError
from k8s.platform import console, installed
from k8s.platform.airflow import Airflow

LOOK_EVERY_S = 0.5
ENDED = {"success", "failed"}
LOG_LINES = 15


class RunFailedError(PlatformError):
    """The run ended in failure; what its task said was shown."""

    exit_code = 1


def trigger(cluster_option: str, dag: str, start_date: str, end_date: str) -> None:
    """Trigger, and print a line for each change of a task's state. Raises: RunFailedError and what Airflow refuses."""
    cluster = installed.find(cluster_option)
    with Airflow(cluster) as api:
        begun = time.monotonic()
        conf = {name: day for name, day in (("start_date", start_date), ("end_date", end_date)) if day}
        run = api.ask("POST", f"/api/v2/dags/{quote(dag)}/dagRuns", {"logical_date": None, "conf": conf})
        console.say(f"{dag} {run['dag_run_id']}")
        path = f"/api/v2/dags/{quote(dag)}/dagRuns/{quote(run['dag_run_id'])}"
        tasks = follow(api, path, begun)
        failed = [task for task in tasks if task["state"] == "failed"]
        for task in failed:
            show_log(api, path, task)
        state = api.patiently(path)["state"]
        seconds = time.monotonic() - begun
        if state != "success":
            names = ", ".join(map(name_of, failed)) or "the run"
            raise RunFailedError(f"{names} failed after {seconds:.0f} s.", hint="`make ui` shows all of its log.")
        console.say(f"success after {seconds:.1f} s\nNext: make psql · make ui")


def follow(api: Airflow, path: str, begun: float) -> list[dict[str, Any]]:
    """Print what changes until the run has ended; returns its tasks."""
    seen: dict[tuple[str, int, int], str] = {}
    while True:
        state = api.patiently(path)["state"]
        tasks: list[dict[str, Any]] = api.patiently(f"{path}/taskInstances")["task_instances"]
        for task in tasks:
            which, now = (task["task_id"], task["map_index"], task["try_number"]), task["state"]
            if now and seen.get(which) != now:
                seen[which] = now
                again = f" (try {task['try_number']})" if task["try_number"] > 1 else ""
                console.say(f"  {time.monotonic() - begun:6.1f} s  {name_of(task):<12} {now}{again}")
        if state in ENDED:
            return tasks
        time.sleep(LOOK_EVERY_S)


def name_of(task: dict[str, Any]) -> str:
    """`extract-1`: a mapped task with its index, as its pod is called."""
    index = task["map_index"]
    return f"{task['task_id']}-{index}" if index >= 0 else str(task["task_id"])


def show_log(api: Airflow, path: str, task: dict[str, Any]) -> None:
    """The end of a task's log, the pod's own message among it."""
    console.say(f"\n{name_of(task)}:")
    which = f"{quote(task['task_id'])}/logs/{task['try_number']}?map_index={task['map_index']}"
    log = api.patiently(f"{path}/taskInstances/{which}&full_content=true")
    for line in log_lines(log)[-LOG_LINES:]:
        console.say(f"  {line}")


def log_lines(log: dict[str, Any]) -> list[str]:
    """What people wrote, from Airflow's structured log; its own error details (tracebacks) are for the UI."""
    lines = []
    for entry in log.get("content", []):
        text = entry if isinstance(entry, str) else str(entry.get("event", ""))
        if text.strip() and not text.startswith("::"):
            lines += text.rstrip().splitlines()
    return lines
