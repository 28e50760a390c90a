"""The cluster as the tests see it: make's verbs, pods, port-forwards, Secrets, and a look from inside a pod."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TypeVar

from kubernetes import client

from k8s.installer.cluster import contexts
from k8s.installer.cluster import forward as ports
from k8s.installer.cluster.kubectl import Cluster
from tests.conftest import ROOT

NAMESPACES = ("data-platform", "etl", "airflow", "monitoring")
PATIENCE = 300  # seconds that a wait may take at most; each ends as soon as there is something to see

Seen = TypeVar("Seen")


def wait_for(what: str, look: Callable[[], Seen | None], seconds: float = PATIENCE) -> Seen:
    """Look again and again until there is something to see."""
    until = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < until, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(0.3)
    return seen


def make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a person types; variables such as CHARTS come from the environment of the test run."""
    given = [f"{name}={value}" for name, value in variables.items()]
    command = ["make", "--no-print-directory", *arguments, "SIMULATE=1", "YES=1", *given]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def kubectl(*arguments: str) -> str:
    """One call of kubectl, which must succeed."""
    ended = subprocess.run(["kubectl", *arguments], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def as_superuser(statement: str) -> str:
    """A statement in the warehouse that no role of the platform may make, from inside the server's own pod."""
    psql = ("psql", "--username=postgres", "--dbname=warehouse", "--command", statement)
    return kubectl("exec", "--namespace=data-platform", "postgres-0", "--container=postgres", "--", *psql)


def helm_releases() -> dict[str, tuple[str, str]]:
    """Each Helm release of the platform with its status and revision."""
    listed = json.loads(subprocess.check_output(["helm", "list", "--all-namespaces", "--output=json"]))
    ours = [release for release in listed if release["namespace"] in (*NAMESPACES, "simulator", "object-store")]
    return {release["name"]: (release["status"], release["revision"]) for release in ours}


def pods(namespace: str, selector: str = "") -> list[client.V1Pod]:
    """The pods of a namespace that are not on their way out."""
    found = client.CoreV1Api().list_namespaced_pod(namespace, label_selector=selector).items
    return [pod for pod in found if pod.metadata.deletion_timestamp is None]


def pod(namespace: str, selector: str) -> client.V1Pod:
    """The one running pod that a selector finds."""
    running = [one for one in pods(namespace, selector) if one.status.phase == "Running"]
    assert len(running) == 1, [one.metadata.name for one in running]
    return running[0]


def started_since(namespace: str, instant: datetime, name: str) -> set[str]:
    """Names of the pods, those that are gone included, in which a container has started since an instant."""
    events = client.CoreV1Api().list_namespaced_event(namespace, field_selector="reason=Started").items
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
    """End a pod as a dying node would: at once, with no time to say goodbye."""
    client.CoreV1Api().delete_namespaced_pod(name, namespace, grace_period_seconds=0)


def restarts() -> dict[str, tuple[str, int]]:
    """Each pod of the platform with its identity and how often its containers started anew."""
    return {
        f"{namespace}/{one.metadata.name}": (
            one.metadata.uid,
            sum(status.restart_count for status in one.status.container_statuses or []),
        )
        for namespace in NAMESPACES
        for one in pods(namespace)
    }


def secret(namespace: str, name: str) -> dict[str, str]:
    """What a Secret holds, decoded."""
    data = client.CoreV1Api().read_namespaced_secret(name, namespace).data or {}
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def forward(namespace: str, service: str, port: int) -> AbstractContextManager[int]:
    """`with forward(…) as local`: a port of this machine that leads to a Service in the current cluster."""
    return ports.to(Cluster(contexts.current()), namespace, service, port)


CONNECT = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def answers(target):
    host, port = target.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except OSError:
        return False
    return True
targets = json.loads(sys.argv[1])
print(json.dumps(dict(zip(targets, ThreadPoolExecutor(len(targets)).map(answers, targets)))))
"""


def address(namespace: str, service: str, port: int) -> str:
    """`host:port` of a Service, without asking the cluster's DNS, which not every pod may."""
    return f"{client.CoreV1Api().read_namespaced_service(service, namespace).spec.cluster_ip}:{port}"


def reachable_from(one: client.V1Pod, image: str, targets: Iterable[str]) -> dict[str, bool]:
    """Which of `host:port` answer when asked from inside a pod.

    An ephemeral container joins the running pod and shares its network: what is tried are the policies that the real
    pod lives under.
    """
    core = client.CoreV1Api()
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
    core.patch_namespaced_pod_ephemeralcontainers(name, namespace, {"spec": {"ephemeralContainers": [container]}})

    def ended() -> bool:
        statuses = core.read_namespaced_pod(name, namespace).status.ephemeral_container_statuses or []
        return any(status.name == probe and status.state.terminated for status in statuses)

    wait_for(f"the probe in {namespace}/{name}", ended)
    said = kubectl("logs", "-n", namespace, name, "-c", probe)
    seen: dict[str, bool] = json.loads(said.splitlines()[-1])
    return seen


@contextmanager
def idle_pod(
    namespace: str, image: str, labels: dict[str, str], command: Sequence[str] = ("sleep", "600")
) -> Iterator[client.V1Pod]:
    """A pod that sleeps, or does as told, to try things from where pods come and go."""
    core = client.CoreV1Api()
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
    made = core.create_namespaced_pod(namespace, body)
    try:
        yield wait_for(
            "an idle pod",
            lambda: one if is_ready(one := core.read_namespaced_pod(made.metadata.name, namespace)) else None,
        )
    finally:
        kill(namespace, made.metadata.name)
