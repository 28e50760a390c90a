"""An operator that runs one pod for each task of a run, and never two at a time.

A pod's name is made from DAG, task, run and, if the task is mapped, its index, so Kubernetes itself refuses a second
one. A try that finds the name taken, such as the one after the scheduler died, waits for that pod and takes its result.
If someone has cleared the run in the meantime, the old pod is deleted first.

It keeps the manifest, the connection and `on_kill` of KubernetesPodOperator, and replaces `execute`; see docs/adr/0009.
tests/dags/test_provider.py lists what it relies on beyond that.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.sdk.observability.stats import Stats
from kubernetes.client import models as k8s
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError, ReadTimeoutError

POLL = 0.1  # seconds between two looks at a pod that starts or ends; none are needed while its log is followed
QUIET = 3  # seconds until the log mentions that a pod has not started
PATIENCE = 15  # seconds for which something that a pod needs may be missing: `make up` may be at work
STARTING = 300  # seconds until a pod must have started: the cluster may be full, or its image's registry down

# What a registry says, in the words of containerd, CRI-O and Docker, about an image that it does not have or does not
# give us. Whatever else goes wrong with a pull may pass: kubelet tries again, and so do we.
REFUSED_IMAGE = re.compile(
    r"code = NotFound|manifest unknown|name unknown|repository does not exist|: not found\b|(?i:access denied)"
    r"|authorization failed|no basic auth credentials|\b40[134]\b (?:Unauthorized|Forbidden|Not Found)|unauthorized:"
)
PULLING = frozenset({"ErrImagePull", "ImagePullBackOff"})
UNUSABLE_IMAGE = frozenset({"InvalidImageName", "ErrImageNeverPull"})

CLEARED = "clear_number"  # the label that says how often the run has been cleared
KILLED = frozenset({137, 143})  # out of memory, evicted, its node drained
TRANSIENT = KILLED | {os.EX_TEMPFAIL}


class PodOperator(KubernetesPodOperator):
    """Follows a pod to its end, deletes it, and fails with the pod's own message.

    Airflow retries only if waiting may help: after EX_TEMPFAIL, and if the pod was killed, evicted or lost.
    """

    clock: Any = time  # what tells the time, and sleeps

    def build_pod_request_obj(self, context: Any = None) -> k8s.V1Pod:
        self.arguments = [argument for argument in self.arguments if argument]
        pod = super().build_pod_request_obj(context)
        pod.spec.enable_service_links = False  # a Service named etl-… would set variables that look like our settings
        if context:
            pod.metadata.name = pod_name(self.dag_id, self.task_id, context["run_id"], context["ti"].map_index)
            pod.metadata.labels[CLEARED] = str(context["dag_run"].clear_number or 0)
        return pod

    def execute(self, context: Any) -> None:
        self.pod = self._create_or_find(self.build_pod_request_obj(context))  # `on_kill` deletes self.pod
        self._await_start(self.pod)
        ended = self._follow(self.pod)
        self._count(why_ended(ended))
        if not has_succeeded(ended):
            for warning in self._warnings(ended):
                self.log.warning("%s", warning)
        self.pod_manager.delete_pod(ended)
        judge(ended)

    def _create_or_find(self, manifest: k8s.V1Pod) -> k8s.V1Pod:
        name, is_waiting = manifest.metadata.name, False
        while True:
            try:
                pod = self.client.create_namespaced_pod(manifest.metadata.namespace, manifest)
                self.log.info("Created pod %s: etl %s", name, " ".join(self.arguments))
                return pod
            except ApiException as error:
                if error.status != 409:  # not a name that is taken, but a pod that is refused
                    raise refusal(error) from None
            found = self._read(manifest)
            if found is not None and found.metadata.deletion_timestamp is None:
                if found.metadata.labels.get(CLEARED) == manifest.metadata.labels[CLEARED]:
                    self.log.info("Found pod %s of an earlier try: waiting for its result", name)
                    return found
                self.pod_manager.delete_pod(found)
            if not is_waiting:
                self.log.info("Waiting until pod %s of an earlier try is gone", name)
                is_waiting = True
            self.clock.sleep(POLL)

    def _await_start(self, pod: k8s.V1Pod) -> None:
        begin, reported = self.clock.monotonic(), ""
        while not has_started(now := self._read_existing(pod)):
            waited = self.clock.monotonic() - begin
            reason = self._why_not_started(now) if waited > QUIET else ""
            if reason != reported:
                self.log.warning("Pod %s has not started yet: %s", now.metadata.name, reason)
                reported = reason
            if reason and (lacks_image(now, reason) or (waited > PATIENCE and lacks_something(now, reason))):
                self._give_up(now, AirflowFailException(f"Pod {now.metadata.name} cannot start. {reason}"))
            if waited > STARTING:
                self._give_up(now, AirflowException(f"Pod {now.metadata.name} did not start. {reason}"))
            self.clock.sleep(POLL if waited < QUIET else 1)

    def _why_not_started(self, pod: k8s.V1Pod) -> str:
        waiting = _state(pod).waiting
        reasons = [f"{waiting.reason}: {waiting.message}"] if waiting and waiting.message else []
        reasons += [c.message for c in pod.status.conditions or [] if c.type == "PodScheduled" and c.message]
        return "; ".join(dict.fromkeys([*reasons, *self._warnings(pod)[-2:]]))  # why a pull failed, and that it did

    def _warnings(self, pod: k8s.V1Pod) -> list[str]:
        """Kubernetes' warnings about this very pod, not about an earlier one of the same name."""
        events = self.pod_manager.read_pod_events(pod).items
        return [e.message for e in events if e.type == "Warning" and e.involved_object.uid == pod.metadata.uid]

    def _give_up(self, pod: k8s.V1Pod, error: AirflowException) -> None:
        self._count("NotStarted")
        self.pod_manager.delete_pod(pod)
        raise error

    def _count(self, reason: str) -> None:
        """Count how the pod ended: it is deleted so soon that whatever polls Kubernetes never sees it."""
        Stats.incr("etl_pods_ended", tags={"dag_id": self.dag_id, "task_id": self.task_id, "reason": reason})

    def _follow(self, pod: k8s.V1Pod) -> k8s.V1Pod:
        """Copy the pod's log into the task's until the pod has ended; return the pod as it is then."""
        last = ""
        while True:
            for timestamp, line in self._log_lines(pod, last):
                self.log.info("%s", line)
                last = timestamp
            for _ in range(50):  # the log may end up to a second before the container does
                if has_ended(now := self._read_existing(pod)):
                    return now
                self.clock.sleep(POLL)
            # Still running: only the connection ended.

    def _log_lines(self, pod: k8s.V1Pod, last: str) -> Iterator[tuple[str, str]]:
        """(timestamp, text) of each line after the one written at `last`."""
        try:
            stream = self.client.read_namespaced_pod_log(
                pod.metadata.name,
                pod.metadata.namespace,
                container=self.base_container_name,
                follow=True,
                timestamps=True,
                _preload_content=False,
                _request_timeout=(10, 300),
            )
            for line in stream:
                timestamp, _, text = line.decode(errors="backslashreplace").rstrip("\n").partition(" ")
                if timestamp > last:
                    yield timestamp, text
        except ReadTimeoutError:
            pass  # the pod has been silent for a while
        except (ApiException, HTTPError) as error:
            self.log.warning("The connection to the pod's log broke off: %s", getattr(error, "reason", error))

    def _read(self, pod: k8s.V1Pod) -> k8s.V1Pod | None:
        try:
            return self.pod_manager.read_pod(pod)
        except ApiException as error:
            if error.status == 404:
                return None
            raise

    def _read_existing(self, pod: k8s.V1Pod) -> k8s.V1Pod:
        if (now := self._read(pod)) is None:
            self._count("Lost")
            raise AirflowException(f"Pod {pod.metadata.name} is gone: it was deleted, or its node was lost.")
        return now


def pod_name(dag_id: str, task_id: str, run_id: str, map_index: int = -1) -> str:
    """`spacex-extract-1f3a9c2b`, or `sensors-extract-0-1f3a9c2b` for a mapped task: the same for every try in a run."""
    index = f"-{map_index}" if map_index >= 0 else ""
    prefix = f"{dag_id}-{task_id}".lower().replace("_", "-")[:48].strip("-.")
    return f"{prefix}{index}-{sha256(f'{dag_id}/{task_id}{index}/{run_id}'.encode()).hexdigest()[:8]}"


def has_started(pod: k8s.V1Pod) -> bool:
    """Whether its container has."""
    state = _state(pod)
    return bool(state.running or state.terminated) or pod.status.phase in ("Running", "Succeeded", "Failed")


def lacks_image(pod: k8s.V1Pod, reason: str) -> bool:
    """Whether it waits for an image that will never come; a registry that is briefly unavailable is waited for."""
    waits_for = getattr(_state(pod).waiting, "reason", None)
    return waits_for in UNUSABLE_IMAGE or (waits_for in PULLING and bool(REFUSED_IMAGE.search(reason)))


def lacks_something(pod: k8s.V1Pod, reason: str) -> bool:
    """Whether its container cannot be made, or a Secret, a ConfigMap or a volume is not there."""
    waits_for = getattr(_state(pod).waiting, "reason", None)
    return waits_for not in PULLING and (str(waits_for).startswith("Create") or "not found" in reason)


def has_ended(pod: k8s.V1Pod) -> bool:
    """Whether its container has. The pod's phase follows only a second later, when its sandbox is gone."""
    return bool(_state(pod).terminated) or pod.status.phase in ("Succeeded", "Failed")


def has_succeeded(pod: k8s.V1Pod) -> bool:
    """Whether a pod that has ended did its work."""
    ended = _state(pod).terminated
    return ended.exit_code == os.EX_OK if ended else pod.status.phase == "Succeeded"


def why_ended(pod: k8s.V1Pod) -> str:
    """Why a pod ended, in one of Kubernetes' words: Completed, OOMKilled, Evicted or Error."""
    if has_succeeded(pod):
        return "Completed"
    ended = _state(pod).terminated
    known = {"OOMKilled", "Evicted"}.intersection({ended and ended.reason, pod.status.reason})
    return next(iter(known), "Error")


def judge(pod: k8s.V1Pod) -> None:
    """Return if a pod that has ended succeeded.

    Raises: AirflowFailException (no retry) if waiting does not help; AirflowException if it may.
    """
    if has_succeeded(pod):
        return
    ended = _state(pod).terminated
    code = ended.exit_code if ended else None
    default = "The pod was killed." if code in KILLED else "The pod left no message; see its last log lines."
    message = (ended and ended.message) or pod.status.message or default
    causes = [f"exit code {code}" if ended else "no exit code", ended and ended.reason, pod.status.reason]
    kind = AirflowException if code is None or code in TRANSIENT else AirflowFailException
    raise kind(f"{message.strip()}\n({', '.join(filter(None, causes))})")


def refusal(error: ApiException) -> AirflowException:
    """Why Kubernetes refused a pod. A quota may have room again and a busy API recovers; nothing else does."""
    try:
        message = json.loads(error.body)["message"]
    except (TypeError, ValueError, LookupError):
        message = error.reason
    may_pass = "exceeded quota" in message or error.status == 429 or error.status >= 500
    kind = AirflowException if may_pass else AirflowFailException
    return kind(f"Kubernetes refused the pod: {message}")


def _state(pod: k8s.V1Pod) -> k8s.V1ContainerState:
    statuses = pod.status.container_statuses or []
    return statuses[0].state if statuses and statuses[0].state else k8s.V1ContainerState()
