"""Measures the platform on the current cluster and writes docs/benchmarks-cluster.md.

`python -m tests.bench.cluster [--destroy]`: the platform is taken down (its data is kept, except with --destroy, which
also measures an installation from nothing) and brought up again, DAGs are run and watched, and the memory of each pod
is read from the kubelet.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kubernetes import client, config, watch
from urllib3.exceptions import ProtocolError

from k8s.installer.install.capacity import mebibytes
from tests.conftest import ROOT
from tests.e2e import kube
from tests.e2e.airflow import Airflow

PAGE = ROOT / "docs" / "benchmarks-cluster.md"
TRIVIAL = Path(__file__).with_name("trivial_dag.py")
ROUNDS = 5


@dataclass
class PodTimes:
    """When a pod was first seen, seen running, and seen ended; seconds since the epoch, our clock."""

    seen: float
    running: float | None = None
    ended: float | None = None


@dataclass(frozen=True)
class TaskTimes:
    """Where the seconds of one task went."""

    task: str
    queued: float
    before_pod: float
    pod_start: float
    work: float
    after_pod: float

    @property
    def overhead(self) -> float:
        """All but the pod's own work."""
        return self.queued + self.before_pod + self.pod_start + self.after_pod


@dataclass(frozen=True)
class RunTimes:
    """One run of a DAG from the request to the last task's success."""

    total: float
    tasks: list[TaskTimes] = field(default_factory=list)


@contextmanager
def watched_pods() -> Iterator[dict[str, PodTimes]]:
    """Times of every pod in `etl` from now on, by its task's name."""
    times: dict[str, PodTimes] = {}
    ours: set[str] = set()
    stream = watch.Watch()
    core = client.CoreV1Api()
    version = core.list_namespaced_pod("etl").metadata.resource_version

    def look() -> None:
        with suppress(ProtocolError):  # how a stopped watch ends
            record()

    def record() -> None:
        for event in stream.stream(core.list_namespaced_pod, "etl", resource_version=version, timeout_seconds=600):
            now, pod = time.time(), event["object"]
            if event["type"] == "ADDED":
                ours.add(pod.metadata.uid)
            if pod.metadata.uid not in ours:
                continue  # one of an earlier run is just going away
            task = (pod.metadata.labels or {}).get("task_id", pod.metadata.name)
            one = times.setdefault(task, PodTimes(now))
            states = [status.state for status in pod.status.container_statuses or []]
            if one.running is None and any(state.running or state.terminated for state in states):
                one.running = now
            if one.ended is None and any(state.terminated for state in states):
                one.ended = now

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield times
    finally:
        stream.stop()


def run_dag(airflow: Airflow, dag: str) -> RunTimes:
    """Trigger a DAG, wait for its success and take its times apart."""
    with watched_pods() as pods:
        begun = time.time()
        run = airflow.start(dag)
        assert airflow.end(dag, run) == "success", f"{dag} failed"
    tasks = sorted(airflow.tasks(dag, run).values(), key=lambda task: str(task["start_date"]))
    found, before = [], begun
    for task in tasks:
        start, end, pod = _instant(task["start_date"]), _instant(task["end_date"]), pods[task["task_id"]]
        assert pod.running is not None
        assert pod.ended is not None
        found.append(
            TaskTimes(
                task["task_id"],
                queued=start - before,
                before_pod=pod.seen - start,
                pod_start=pod.running - pod.seen,
                work=pod.ended - pod.running,
                after_pod=end - pod.ended,
            )
        )
        before = end
    return RunTimes(before - begun, found)


def _instant(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@contextmanager
def trivial_dag(airflow: Airflow) -> Iterator[str]:
    """The DAG of two trivial pods, there for as long as it is measured."""
    core = client.CoreV1Api()
    core.patch_namespaced_config_map("dags", "airflow", {"data": {"trivial.py": TRIVIAL.read_text()}})
    try:
        kube.wait_for("the trivial DAG", lambda: airflow.knows("trivial"))
        yield "trivial"
    finally:
        core.patch_namespaced_config_map("dags", "airflow", {"data": {"trivial.py": None}})


def memory() -> dict[str, float]:
    """Working set of each pod of the platform, MiB, as the kubelet counts it; the busiest moment is not in it."""
    core = client.CoreV1Api()
    found = {}
    for node in core.list_node().items:
        path = f"/api/v1/nodes/{node.metadata.name}/proxy/stats/summary"
        for pod in json.loads(kube.kubectl("get", "--raw", path))["pods"]:
            namespace, name = pod["podRef"]["namespace"], pod["podRef"]["name"]
            if namespace in (*kube.NAMESPACES, "simulator") and "memory" in pod:
                found[f"{namespace}/{name}"] = pod["memory"]["workingSetBytes"] / 2**20
    return found


def requested() -> tuple[float, float]:
    """Sum of the memory requests and of the limits of the platform's pods, MiB."""
    sums = {"requests": 0.0, "limits": 0.0}
    for namespace in (*kube.NAMESPACES, "simulator"):
        for pod in kube.pods(namespace):
            if pod.status.phase == "Succeeded":
                continue
            for container in pod.spec.containers:
                for kind in sums:
                    sums[kind] += mebibytes((getattr(container.resources, kind) or {}).get("memory", "0"))
    return sums["requests"], sums["limits"]


STEP = re.compile(r"^\s+✓ (?P<name>.{22}) (?P<what>.{44}) +(?P<seconds>[\d.]+) s$", re.MULTILINE)


@dataclass(frozen=True)
class UpTimes:
    """One `make up`: wall clock, and the seconds of each step; steps run side by side."""

    total: float
    steps: dict[str, float]


def bring_up() -> UpTimes:
    """`make up`, timed."""
    begun = time.monotonic()
    ended = kube.make("up")
    total = time.monotonic() - begun
    assert ended.returncode == 0, ended.stderr
    return UpTimes(total, {step["name"].strip(): float(step["seconds"]) for step in STEP.finditer(ended.stdout)})


@dataclass(frozen=True)
class Measured:
    """All that the page tells."""

    from_nothing: UpTimes | None
    after_down: UpTimes
    again: UpTimes
    trivial: list[RunTimes]
    spacex: list[RunTimes]
    memory: dict[str, float]
    requests: float
    limits: float


def take(verb: str) -> None:
    """`make down` or `make destroy`, to its end."""
    assert kube.make(verb).returncode == 0
    kube.wait_for("an empty cluster", lambda: not any(kube.pods(namespace) for namespace in kube.NAMESPACES))


def measure(*, destroy: bool) -> Measured:
    """Take the platform down, bring it up, run its DAGs."""
    bring_up()  # images are present afterwards
    from_nothing = None
    if destroy:
        take("destroy")
        from_nothing = bring_up()
    take("down")
    after_down = bring_up()
    again = bring_up()
    airflow = Airflow()
    with trivial_dag(airflow) as dag:
        run_dag(airflow, dag)  # the first run after a start pays for what later ones find warm
        trivial = [run_dag(airflow, dag) for _ in range(ROUNDS)]
    spacex = [run_dag(airflow, "spacex") for _ in range(ROUNDS)]
    kube.close_ports()
    return Measured(from_nothing, after_down, again, trivial, spacex, memory(), *requested())


def render(measured: Measured) -> str:
    """The page, in Markdown."""
    node = client.CoreV1Api().list_node().items[0].status
    goal_up = measured.from_nothing or measured.after_down
    ups = {"after `make down`": measured.after_down, "again, nothing changed": measured.again}
    if measured.from_nothing:
        ups = {"from nothing": measured.from_nothing} | ups
    lines = [
        "# Benchmarks on Kubernetes",
        "",
        f"Written by `make bench-cluster` on {datetime.now(UTC).date()}. Do not edit: run it again.",
        "",
        f"- Node: {node.capacity['cpu']} cores, {mebibytes(node.capacity['memory']) / 1024:.0f} GiB,"
        f" {node.node_info.os_image}; Kubernetes {node.node_info.kubelet_version}.",
        f"- Medians of {ROUNDS} runs, one after the other, with nothing else running. The simulator is the API.",
        "",
        "## Goals",
        "",
        "| What | Goal | Measured | Reached |",
        "| --- | --- | --- | --- |",
        _goal("`make up`, images present", 120, goal_up.total),
        _goal("two trivial pods, from trigger to success", 5, _median([run.total for run in measured.trivial])),
        _goal("overhead of a pod task", 2, _median([task.overhead for run in measured.trivial for task in run.tasks])),
        f"| memory that all pods request | ≤ 6 GiB | {measured.requests / 1024:.1f} GiB |"
        f" {'yes' if measured.requests <= 6144 else '**no**'} |",
        "",
        "## Bringing it up",
        "",
        "Seconds, with the images present; steps run in parallel. *After `make down`*, data and Secrets exist already.",
        "",
        "| Step | " + " | ".join(ups) + " |",
        "| --- |" + " --- |" * len(ups),
        *(
            f"| {name} | " + " | ".join(f"{up.steps.get(name, 0):.1f}" for up in ups.values()) + " |"
            for name in measured.after_down.steps
        ),
        "| **all** | " + " | ".join(f"**{up.total:.1f}**" for up in ups.values()) + " |",
        "",
        "## From trigger to success",
        "",
        "*Queued*: from the trigger, or the end of the task before, to the start of the task's process. *Before the"
        " pod*: until Kubernetes knows the pod. *Pod start*: until its container runs. *Work*: until the container has"
        " ended. *After*: until Airflow has recorded it. The kubelet looks about once a second: if a container ends"
        " within that time, its start and end are reported together, and its work counts as pod start.",
        "",
        "| DAG | Task | Queued | Before the pod | Pod start | Work | After | Overhead |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *_tasks("trivial", measured.trivial),
        *_tasks("spacex", measured.spacex),
        "",
        "## Memory",
        "",
        "Working sets as the kubelet counts them, a few seconds after the last run.",
        "",
        "| Pod | MiB |",
        "| --- | --- |",
        *(f"| {name} | {size:.0f} |" for name, size in sorted(measured.memory.items(), key=lambda item: -item[1])),
        f"| **all** | **{sum(measured.memory.values()):.0f}** |",
        f"| all requests | {measured.requests:.0f} |",
        f"| all limits | {measured.limits:.0f} |",
    ]
    return "\n".join(lines) + "\n"


def _goal(what: str, goal: float, seconds: float) -> str:
    return f"| {what} | ≤ {goal} s | {seconds:.1f} s | {'yes' if seconds <= goal else '**no**'} |"


def _tasks(dag: str, runs: list[RunTimes]) -> Iterator[str]:
    for many in zip(*(run.tasks for run in runs), strict=True):
        parts = [
            _median([getattr(task, part) for task in many])
            for part in ("queued", "before_pod", "pod_start", "work", "after_pod", "overhead")
        ]
        yield f"| {dag} | {many[0].task} | " + " | ".join(f"{part:.2f}" for part in parts) + " |"
    yield f"| {dag} | **all** | | | | | | **{_median([run.total for run in runs]):.2f} in all** |"


def _median(values: list[float]) -> float:
    return statistics.median(values)


def main() -> None:
    """Measure and write the page."""
    config.load_kube_config()
    page = render(measure(destroy="--destroy" in sys.argv[1:]))
    PAGE.write_text(page, encoding="utf-8")
    print(page, file=sys.stderr)


if __name__ == "__main__":
    main()
