"""The cluster as the tests see it: make's verbs, pods, port-forwards, Secrets, and a look from inside a pod."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import requests
from kubernetes import client
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from k8s.installer.cluster import contexts
from k8s.installer.cluster import forward as ports
from k8s.installer.cluster.kubectl import Cluster
from tests.conftest import ROOT

NAMESPACES = ("data-platform", "etl", "airflow", "monitoring")
PATIENCE = 300  # seconds that a wait may take at most; it ends as soon as its condition holds

Seen = TypeVar("Seen")


@cache
def core() -> client.CoreV1Api:
    """The API of pods, Secrets and the like; its connections are shared by all tests."""
    return client.CoreV1Api()


def now() -> datetime:
    """The current second, as Kubernetes' events record it."""
    return datetime.now(UTC).replace(microsecond=0)


def wait_for(what: str, look: Callable[[], Seen | None], seconds: float = PATIENCE) -> Seen:
    """Poll until there is something to see, and return it."""
    until = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < until, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(0.3)
    return seen


def side_by_side(*scenarios: Callable[[], Any]) -> list[Any]:
    """Run scenarios that do not touch each other in a thread each. Returns their results, raises the first error."""
    with ThreadPoolExecutor(len(scenarios)) as pool:
        return [running.result() for running in [pool.submit(scenario) for scenario in scenarios]]


def make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a person types; the test run's own variables, such as CHARTS, reach it through the environment."""
    given = [f"{name}={value}" for name, value in variables.items()]
    command = ["make", "--no-print-directory", *arguments, "SIMULATE=1", "YES=1", *given]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def destroy() -> None:
    """Remove the platform and its data, if there is one."""
    close_ports()
    if "warehouse" in helm_releases():
        destroyed = make("destroy")
        assert destroyed.returncode == 0, destroyed.stderr


def kubectl(*arguments: str) -> str:
    """One call of kubectl, which must succeed."""
    ended = subprocess.run(["kubectl", *arguments], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def as_superuser(statement: str) -> str:
    """Run a statement that no role of the platform may run, from inside the server's own pod."""
    psql = ("psql", "--username=postgres", "--dbname=warehouse", "--command", statement)
    return kubectl("exec", "--namespace=data-platform", "service/postgres", "--container=postgres", "--", *psql)


def helm_releases() -> dict[str, tuple[str, str]]:
    """Each Helm release of the platform with its status and revision."""
    listed = json.loads(subprocess.check_output(["helm", "list", "--all-namespaces", "--output=json"]))
    ours = [release for release in listed if release["namespace"] in (*NAMESPACES, "simulator", "object-store")]
    return {release["name"]: (release["status"], release["revision"]) for release in ours}


def pods(namespace: str, selector: str = "") -> list[client.V1Pod]:
    """The pods of a namespace that are not being deleted."""
    found = core().list_namespaced_pod(namespace, label_selector=selector).items
    return [pod for pod in found if pod.metadata.deletion_timestamp is None]


def pod(namespace: str, selector: str) -> client.V1Pod:
    """The one running pod that a selector finds."""
    running = [one for one in pods(namespace, selector) if one.status.phase == "Running"]
    assert len(running) == 1, [one.metadata.name for one in running]
    return running[0]


def started_since(namespace: str, instant: datetime, name: str) -> set[str]:
    """Names of the pods, deleted ones included, in which a container has started since an instant."""
    events = core().list_namespaced_event(namespace, field_selector="reason=Started").items
    return {
        event.involved_object.name
        for event in events
        if name in event.involved_object.name and event.last_timestamp >= instant
    }


def is_ready(one: client.V1Pod) -> bool:
    """Whether Kubernetes would send it requests."""
    return any(condition.type == "Ready" and condition.status == "True" for condition in one.status.conditions or [])


def all_ready(*namespaces: str) -> bool:
    """Whether every pod of these namespaces serves, or is done."""
    found = [one for namespace in namespaces for one in pods(namespace)]
    return all(one.status.phase == "Succeeded" or is_ready(one) for one in found)


def kill(namespace: str, name: str) -> None:
    """End a pod as a dying node would: immediately, without a grace period."""
    core().delete_namespaced_pod(name, namespace, grace_period_seconds=0)


def restarts() -> dict[str, tuple[str, int]]:
    """Each pod that lasts, with its identity and how often its containers were restarted; those of runs come and go."""
    return {
        f"{namespace}/{one.metadata.name}": (one.metadata.uid, _restarts(one))
        for namespace in NAMESPACES
        for one in pods(namespace)
        if "dag_id" not in (one.metadata.labels or {})
    }


def secret(namespace: str, name: str) -> dict[str, str]:
    """What a Secret holds, decoded."""
    data = core().read_namespaced_secret(name, namespace).data or {}
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


@dataclass(frozen=True)
class _Forward:
    """A running port-forward and the pods that were behind its Service when it was started."""

    process: subprocess.Popen[str]
    drains: tuple[threading.Thread, ...]
    port: int
    pods: frozenset[tuple[str, int]]

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        for drain in self.drains:
            drain.join()
        with self.process:  # closes its pipes
            pass


def session() -> requests.Session:
    """For requests to one Service, each over its own connection: the server may close a kept one as a POST is sent."""
    made = ports.session()
    made.headers["Connection"] = "close"
    made.mount("http://", HTTPAdapter(max_retries=Retry(3, backoff_factor=0.2, allowed_methods={"GET"})))
    return made


_forwards: dict[tuple[str, str, int], _Forward] = {}
_forwarding = threading.Lock()


def port(namespace: str, service: str, number: int) -> int:
    """A port of this machine that leads to a Service in the current cluster.

    There is one port-forward for each Service until `close_ports`. As kubectl follows one pod only, it is replaced when
    the pods behind the Service have changed. Raises: TransientError while none of them can be reached.
    """
    with _forwarding:
        key, pods_now = (namespace, service, number), _behind(namespace, service)
        kept = _forwards.get(key)
        if kept and kept.pods == pods_now and kept.process.poll() is None:
            return kept.port
        if kept:
            _forwards.pop(key).close()
        process = ports.start(Cluster(contexts.current()), namespace, service, number)
        local = ports.local_port(process, f"{namespace}/{service}")
        _forwards[key] = _Forward(process, _drains(process), local, pods_now)
        return local


def _drains(process: subprocess.Popen[str]) -> tuple[threading.Thread, ...]:
    """kubectl prints a line for each connection and each error, and would stop when nobody reads them."""
    pipes = (process.stdout, process.stderr)
    drains = tuple(threading.Thread(target=deque, args=(pipe, 0), daemon=True) for pipe in pipes)
    for drain in drains:
        drain.start()
    return drains


def forward(namespace: str, service: str, number: int) -> AbstractContextManager[int]:
    """`with forward(…) as local`: as `port`, but with a port-forward of its own, which ends with the block."""
    return ports.to(Cluster(contexts.current()), namespace, service, number)


def close_ports() -> None:
    """End all port-forwards."""
    with _forwarding:
        while _forwards:
            _forwards.popitem()[1].close()


@cache
def _selector(namespace: str, service: str) -> str:
    labels = core().read_namespaced_service(service, namespace).spec.selector
    return ",".join(f"{name}={value}" for name, value in labels.items())


def _behind(namespace: str, service: str) -> frozenset[tuple[str, int]]:
    return frozenset((one.metadata.uid, _restarts(one)) for one in pods(namespace, _selector(namespace, service)))


def _restarts(one: client.V1Pod) -> int:
    return sum(status.restart_count for status in one.status.container_statuses or [])


CONNECT = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def answers(target):
    host, port = target.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True
targets = json.loads(sys.argv[1])
print(json.dumps(dict(zip(targets, ThreadPoolExecutor(len(targets)).map(answers, targets)))))
"""


def address(namespace: str, service: str, port: int) -> str:
    """`host:port` of a Service: its IP, as not every pod may ask the cluster's DNS."""
    return f"{core().read_namespaced_service(service, namespace).spec.cluster_ip}:{port}"


def reachable_from(one: client.V1Pod, image: str, targets: Iterable[str]) -> dict[str, bool]:
    """Which `host:port` accept a connection from inside a pod.

    An ephemeral container joins the running pod and shares its network, so it meets the policies that hold for the pod.
    """
    name, namespace, probe = one.metadata.name, one.metadata.namespace, f"probe-{time.time_ns():x}"
    container = {
        "name": probe,
        "image": image,
        "command": ["python3", "-c", CONNECT, json.dumps(sorted(targets))],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    core().patch_namespaced_pod_ephemeralcontainers(name, namespace, {"spec": {"ephemeralContainers": [container]}})

    def ended() -> bool:
        statuses = core().read_namespaced_pod(name, namespace).status.ephemeral_container_statuses or []
        return any(status.name == probe and status.state.terminated for status in statuses)

    wait_for(f"the probe in {namespace}/{name}", ended)
    said = kubectl("logs", "-n", namespace, name, "-c", probe)
    seen: dict[str, bool] = json.loads(said.splitlines()[-1])
    return seen


@contextmanager
def idle_pod(
    namespace: str, image: str, labels: dict[str, str], command: Sequence[str] = ("sleep", "600")
) -> Iterator[client.V1Pod]:
    """A pod that sleeps, or runs a command, where the platform's own pods come and go."""
    body = {
        "metadata": {"generateName": "idle-", "labels": labels},
        "spec": {
            **({"serviceAccountName": "etl"} if namespace == "etl" else {"automountServiceAccountToken": False}),
            "terminationGracePeriodSeconds": 0,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "idle",
                    "image": image,
                    "command": list(command),
                    "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                }
            ],
        },
    }
    made = core().create_namespaced_pod(namespace, body)
    try:
        yield wait_for(
            "an idle pod",
            lambda: one if is_ready(one := core().read_namespaced_pod(made.metadata.name, namespace)) else None,
        )
    finally:
        kill(namespace, made.metadata.name)
