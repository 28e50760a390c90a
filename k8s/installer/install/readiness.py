"""Whether the workloads of a release are ready, and if they never will be, why: known early, not after a timeout."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from k8s.installer.cluster.kubectl import DATA_PLATFORM, Cluster, Object, is_true
from k8s.installer.install import cnpg

KINDS = "deployments,replicasets,statefulsets,jobs,pods"
WORKLOADS = ("Deployment", "StatefulSet", "Job", "Cluster")  # the last is CloudNativePG's: cnpg.py
RELEASE = "meta.helm.sh/release-name"
REVISION = "deployment.kubernetes.io/revision"
FRESH_S = 0.8

# Reasons for which a container waits in vain, and the seconds after which we believe it.
FATAL_REASONS = {
    "InvalidImageName": 0,
    "CreateContainerConfigError": 20,
    "CreateContainerError": 20,
    "ErrImageNeverPull": 0,
    "ImagePullBackOff": 45,
}
# What a registry says about an image that it does not have, or does not give us; dags/pod_operator.py has the same.
REFUSED_IMAGE = re.compile(
    r"code = NotFound|manifest unknown|name unknown|repository does not exist|: not found\b|(?i:access denied)"
    r"|authorization failed|no basic auth credentials|\b40[134]\b (?:Unauthorized|Forbidden|Not Found)|unauthorized:"
)
PULLING = frozenset({"ErrImagePull", "ImagePullBackOff"})
RESTARTS = 3  # a container that has crashed this often has failed, …
LIVED_S = 60  # … unless it ran this long: then something else ended it, such as a restart of the database
UNSCHEDULABLE_S = 90  # an autoscaler may be bringing a node


@dataclass(frozen=True)
class Failure:
    """A pod (or a workload without pods) that will not become ready by itself, and why."""

    namespace: str
    name: str
    reason: str
    container: str = ""
    is_pod: bool = True
    has_logs: bool = False


@dataclass(frozen=True)
class Snapshot:
    """The workloads and pods of a namespace at one moment."""

    namespace: str
    items: list[Object] = field(repr=False)

    def workloads(self, release: str, made_by_operator: Collection[str] = ()) -> list[Object]:
        """The workloads of a release, and those that an operator made for it, which lack the release's annotation."""
        return [
            item
            for item in self.items
            if item["kind"] in WORKLOADS
            and (
                item["metadata"].get("annotations", {}).get(RELEASE) == release
                or item["metadata"]["name"] in made_by_operator
            )
        ]

    def pods(self, workload: Object) -> list[Object]:
        """The pods of a workload's newest revision, the youngest last. What older ones do says nothing about it.

        None are known before a workload's controller has seen its newest manifest.
        """
        newest = self._newest(workload)
        found = [pod for pod in self._all_pods(workload) if newest.items() <= pod["metadata"]["labels"].items()]
        return sorted(found, key=lambda pod: str(pod["metadata"]["creationTimestamp"])) if is_observed(workload) else []

    def blocking(self, workload: Object) -> list[Object]:
        """Pods that keep a StatefulSet from its newest revision: it never replaces one that has yet to become ready.

        See https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
        """
        if workload["kind"] != "StatefulSet" or not is_observed(workload):
            return []
        newest = self.pods(workload)
        return [pod for pod in self._all_pods(workload) if pod not in newest and _is_stuck(pod)]

    def _all_pods(self, workload: Object) -> list[Object]:
        labels = workload["spec"].get("selector", {}).get("matchLabels", {})
        if workload["kind"] == "Cluster":
            labels = {cnpg.LABEL: workload["metadata"]["name"]}
        return [
            item
            for item in self.items
            if item["kind"] == "Pod"
            and labels
            and labels.items() <= item["metadata"].get("labels", {}).items()
            and "deletionTimestamp" not in item["metadata"]
        ]

    def _newest(self, workload: Object) -> dict[str, str]:
        """The label that only pods of a workload's newest revision have."""
        if workload["kind"] == "StatefulSet":
            revision = workload.get("status", {}).get("updateRevision")
            return {"controller-revision-hash": revision} if revision else {}
        if workload["kind"] == "Deployment":
            revision = _annotation(workload, REVISION)
            for one in self.items:
                owners = [owner["uid"] for owner in one["metadata"].get("ownerReferences", [])]
                is_own = one["kind"] == "ReplicaSet" and workload["metadata"].get("uid") in owners
                if is_own and _annotation(one, REVISION) == revision:
                    return {"pod-template-hash": one["metadata"]["labels"]["pod-template-hash"]}
        return {}  # a Job has only one revision


def take(cluster: Cluster, namespace: str, kinds: str, *, with_clusters: bool) -> Snapshot:
    """What there is of these kinds, and of CloudNativePG's, which not every Kubernetes knows."""
    made = cnpg.clusters(cluster) if with_clusters and namespace == DATA_PLATFORM else []
    return Snapshot(namespace, [*cluster.list(kinds, namespace), *made])


class Watch:
    """Snapshots, shared by all steps that wait in the same namespace; with Clusters, if there are to be any."""

    def __init__(self, cluster: Cluster, *, with_clusters: bool = False) -> None:
        self._cluster = cluster
        self._with_clusters = with_clusters
        self._locks: dict[str, threading.Lock] = {}
        self._latest: dict[str, tuple[float, Snapshot]] = {}
        self._guard = threading.Lock()

    def look(self, namespace: str) -> Snapshot:
        """The namespace as it is now, or was within the last second."""
        with self._guard:
            lock = self._locks.setdefault(namespace, threading.Lock())
        with lock:
            taken, snapshot = self._latest.get(namespace, (0.0, Snapshot(namespace, [])))
            if time.monotonic() - taken > FRESH_S or not taken:
                snapshot = take(self._cluster, namespace, KINDS, with_clusters=self._with_clusters)
                self._latest[namespace] = (time.monotonic(), snapshot)
            return snapshot

    def forget(self, namespace: str) -> None:
        """Make the next look a fresh one, even if another step is taking one right now."""
        with self._guard:
            lock = self._locks.setdefault(namespace, threading.Lock())
        with lock:
            self._latest.pop(namespace, None)


def is_ready(workload: Object) -> bool:
    """Whether a workload's newest version runs with all its replicas, or a Job is complete."""
    spec, status = workload["spec"], workload.get("status", {})
    if workload["kind"] == "Job":
        return is_true(workload, "Complete") is not None
    if workload["kind"] == "Cluster":
        return cnpg.is_ready(workload)
    if not is_observed(workload):
        return False
    wanted = spec.get("replicas") or 1  # nothing of ours is meant to have none
    if workload["kind"] == "Deployment":
        # `replicas` includes pods of the old version that are still terminating
        updated: int = status.get("updatedReplicas", 0)
        has_all = updated >= wanted and status.get("availableReplicas", 0) >= wanted
        return has_all and bool(status.get("replicas", 0) == updated)
    is_current = status.get("currentRevision") == status.get("updateRevision")
    has_all = is_current or status.get("updatedReplicas", 0) >= wanted
    return has_all and bool(status.get("readyReplicas", 0) >= wanted)


def is_observed(workload: Object) -> bool:
    """Whether its controller has seen its newest manifest, so that the status is about that."""
    observed = workload.get("status", {}).get("observedGeneration", 0)
    return workload["kind"] in ("Job", "Cluster") or bool(observed >= workload["metadata"].get("generation", 0))


def is_scaled_down(workload: Object) -> bool:
    """Whether someone has scaled it to zero, which no chart of ours does, or `make down` has."""
    if workload["kind"] == "Cluster":
        return cnpg.is_hibernated(workload)
    return workload["kind"] != "Job" and bool(workload["spec"].get("replicas") == 0)


def waits_for(snapshot: Snapshot, workloads: Sequence[Object]) -> str:
    """What these workloads are waiting for, in a few words."""
    for workload in workloads:
        if not is_ready(workload):
            for pod in snapshot.pods(workload):
                reason = "" if is_true(pod, "Ready") else _waiting(pod)
                if reason:
                    return f"{pod['metadata']['name']}: {reason}"
            return f"{workload['kind'].lower()} {workload['metadata']['name']}"
    return ""


def failures(snapshot: Snapshot, workloads: Iterable[Object], now: datetime | None = None) -> list[Failure]:
    """What will not become ready by itself."""
    now = now or datetime.now(UTC)
    found: list[Failure] = []
    for workload in workloads:
        if is_ready(workload):
            continue
        own = [failure for pod in snapshot.pods(workload) if (failure := pod_failure(pod, now))]
        refused, failed = is_true(workload, "ReplicaFailure"), is_true(workload, "Failed")
        if (condition := refused or failed) and not own:
            reason = f"{condition.get('reason', '')}: {condition.get('message', '')}"
            ended = snapshot.pods(workload)[-1:] if failed else []
            own = [_ended(pod, reason) for pod in ended]
            own = own or [Failure(snapshot.namespace, workload["metadata"]["name"], reason, is_pod=False)]
        found += own
    return found


def _ended(pod: Object, reason: str) -> Failure:
    """A pod that ended in failure: its own last words say more than what Kubernetes reports."""
    for container in _containers(pod):
        ended = container.get("state", {}).get("terminated", {})
        if ended.get("exitCode"):
            words = " ".join(ended.get("message", "").split()) or reason
            where = (pod["metadata"]["namespace"], pod["metadata"]["name"])
            return Failure(*where, words, container["name"], has_logs=True)
    return Failure(pod["metadata"]["namespace"], pod["metadata"]["name"], reason)


def _containers(pod: Object) -> list[Object]:
    status = pod.get("status", {})
    return [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]


def pod_failure(pod: Object, now: datetime) -> Failure | None:
    """Why this pod will not become ready by itself, if so."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    age_s = (now - _time(pod["metadata"]["creationTimestamp"])).total_seconds()
    status = pod.get("status", {})
    for condition in status.get("conditions", []):
        is_unschedulable = condition.get("reason") == "Unschedulable" and condition["status"] == "False"
        if is_unschedulable and age_s > UNSCHEDULABLE_S:
            return Failure(namespace, name, f"Unschedulable: {condition.get('message', '')}")
    for container in _containers(pod):
        waiting = container.get("state", {}).get("waiting", {})
        reason = waiting.get("reason", "")
        if reason in PULLING and REFUSED_IMAGE.search(waiting.get("message", "")):
            return Failure(namespace, name, f"{reason}: {waiting['message']}", container["name"])
        if reason in FATAL_REASONS and age_s > FATAL_REASONS[reason]:
            return Failure(namespace, name, f"{reason}: {waiting.get('message', '')}", container["name"])
        ended = container.get("lastState", {}).get("terminated", {})
        if reason == "CrashLoopBackOff" and container.get("restartCount", 0) >= RESTARTS and _life_s(ended) < LIVED_S:
            words = " ".join(ended.get("message", "").split())
            words = words or f"{ended.get('reason', '')}, exit code {ended.get('exitCode', '?')}"
            text = f"{container['name']} crashed {container['restartCount']} times ({words})"
            return Failure(namespace, name, text, container["name"], has_logs=True)
    return None


def _is_stuck(pod: Object) -> bool:
    """Whether it is not ready, and not merely because it is just starting."""
    if is_true(pod, "Ready"):
        return False
    conditions = pod.get("status", {}).get("conditions", [])
    waits = [container.get("state", {}).get("waiting", {}).get("reason") for container in _containers(pod)]
    return (
        any(reason and reason not in ("PodInitializing", "ContainerCreating") for reason in waits)
        or any(container.get("restartCount") for container in _containers(pod))
        or any(condition.get("reason") == "Unschedulable" for condition in conditions)
    )


def _annotation(item: Object, name: str) -> str | None:
    value: str | None = item["metadata"].get("annotations", {}).get(name)
    return value


def _life_s(ended: Object) -> float:
    """How long a container ran; 0 if Kubernetes does not say."""
    begun, over = ended.get("startedAt"), ended.get("finishedAt")
    return (_time(over) - _time(begun)).total_seconds() if begun and over else 0.0


def _waiting(pod: Object) -> str:
    status = pod.get("status", {})
    for container in _containers(pod):
        reason = container.get("state", {}).get("waiting", {}).get("reason")
        if reason and reason != "PodInitializing":
            return str(reason)
        if "running" in container.get("state", {}) and not container.get("ready") and not container.get("started"):
            return f"{container['name']} is starting"
    return "" if status.get("phase") == "Succeeded" else str(status.get("phase", "")).lower()


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
