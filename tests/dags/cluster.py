"""A stand-in for Kubernetes: a namespace whose pods pass through given states."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

from kubernetes.client import models as k8s
from kubernetes.client.exceptions import ApiException

GONE = None  # as a state: the pod is deleted by someone else


def pending(reason: str | None = None, message: str | None = None) -> k8s.V1PodStatus:
    """A pod that has not started, perhaps because its container waits for something."""
    waiting = k8s.V1ContainerStateWaiting(reason=reason, message=message)
    return _status("Pending", k8s.V1ContainerState(waiting=waiting) if reason else k8s.V1ContainerState())


def running() -> k8s.V1PodStatus:
    """A pod at work."""
    return _status("Running", k8s.V1ContainerState(running=k8s.V1ContainerStateRunning()))


def ended(code: int, message: str | None = None, reason: str | None = None) -> k8s.V1PodStatus:
    """A pod whose container has ended; the pod's own phase lags behind, as it does in a real cluster."""
    terminated = k8s.V1ContainerStateTerminated(exit_code=code, message=message, reason=reason)
    return _status("Running", k8s.V1ContainerState(terminated=terminated))


def evicted() -> k8s.V1PodStatus:
    """A pod that its node evicted: it has no exit code."""
    return k8s.V1PodStatus(phase="Failed", reason="Evicted", message="The node was low on resource: memory.")


def refused(code: int, message: str) -> ApiException:
    """The API's answer to a pod that it refuses."""
    error = ApiException(status=code, reason="Refused")
    error.body = json.dumps({"message": message})
    return error


class Clock:
    """Time passes by a second whenever someone asks for it, and nobody sleeps."""

    def __init__(self) -> None:
        self._seconds = itertools.count()

    def monotonic(self) -> int:
        return next(self._seconds)

    def sleep(self, _seconds: float) -> None:
        pass


class Cluster:
    """The few calls that a task makes. Each look at a pod shows its next state; the last one stays.

    `lives`: the states of the first pod created, of the second, and so on. `logs`: what each reading of a log yields.
    """

    def __init__(
        self, *lives: Iterable[k8s.V1PodStatus | None], logs: Iterable[Iterable[str | Exception]] = ()
    ) -> None:
        self.lives = list(lives)
        self.logs = list(logs)
        self.pods: dict[str, Any] = {}
        self.created: list[k8s.V1Pod] = []
        self.deleted: list[str] = []
        self.refusals: list[ApiException] = []
        self.warnings: list[tuple[str, str]] = []  # (uid of the pod, message)

    def put(self, name: str, life: Iterable[k8s.V1PodStatus | None], **metadata: Any) -> Any:
        """Add a pod that exists already."""
        metadata = {"labels": {"clear_number": "0"}} | metadata
        meta = k8s.V1ObjectMeta(name=name, namespace="etl", uid=f"uid-{len(self.created)}", **metadata)
        self.pods[name] = SimpleNamespace(metadata=meta, status=None, life=list(life))
        return self.pods[name]

    def create_namespaced_pod(self, _namespace: str, body: k8s.V1Pod) -> Any:
        if self.refusals:
            raise self.refusals.pop(0)
        if body.metadata.name in self.pods:
            raise refused(409, "already exists")
        self.created.append(body)
        return self.put(body.metadata.name, self.lives.pop(0))

    def read_namespaced_pod(self, name: str, _namespace: str) -> Any:
        pod = self.pods.get(name)
        if pod is not None:
            pod.status = pod.life.pop(0) if len(pod.life) > 1 else pod.life[0]
        if pod is None or pod.status is GONE:
            self.pods.pop(name, None)
            raise ApiException(status=404, reason="Not Found")
        return pod

    def delete_namespaced_pod(self, name: str, _namespace: str = "", **_: Any) -> None:
        self.deleted.append(name)
        self.pods.pop(name, None)

    def read_namespaced_pod_log(self, *_: Any, **__: Any) -> Iterator[bytes]:
        for line in self.logs.pop(0) if self.logs else ():
            if isinstance(line, Exception):
                raise line
            yield line.encode()

    def list_namespaced_event(self, **_: Any) -> Any:
        events = [
            SimpleNamespace(type="Warning", message=message, involved_object=SimpleNamespace(uid=uid))
            for uid, message in self.warnings
        ]
        return SimpleNamespace(items=events)


def _status(phase: str, state: k8s.V1ContainerState) -> k8s.V1PodStatus:
    container = k8s.V1ContainerStatus(name="base", state=state, image="", image_id="", ready=False, restart_count=0)
    return k8s.V1PodStatus(phase=phase, container_statuses=[container])
