"""Waits until workloads are ready, or says immediately why they never will be."""

from __future__ import annotations

import time
from collections.abc import Callable

from etl.core.errors import TransientError
from k8s.installer.cluster.kubectl import Cluster, Object, key
from k8s.installer.install import diagnosis, readiness
from k8s.installer.install.readiness import Snapshot, Watch
from k8s.installer.install.steps import Running

DEADLINE_S = 15 * 60  # the first time, 2 GB of images may come over a slow line
LOOK_EVERY_S = 1.0

Pick = Callable[[Snapshot], list[Object]]


def until_ready(
    cluster: Cluster,
    name: str,
    namespace: str,
    pick: Pick,
    watch: Watch,
    running: Running,
    *,
    expected: tuple[str, ...] = (),
    pause: Callable[[float], None] | None = None,
) -> None:
    """Wait until every workload that `pick` finds is ready, and those of the `expected` names exist.

    A pod that keeps a StatefulSet from its newest revision is deleted. `pause`, by default, ends the wait when another
    step fails. Raises: NotReadyError as soon as a workload never will be ready; TransientError after a while.
    """
    until, pause = time.monotonic() + DEADLINE_S, pause or running.pause
    while True:
        snapshot = watch.look(namespace)
        workloads = pick(snapshot)
        names = {key(workload)[1] for workload in workloads}
        missing = [one for one in expected if one not in names]
        if not missing and all(readiness.is_ready(workload) for workload in workloads):
            return
        for failure in readiness.failures(snapshot, workloads)[:1]:
            raise diagnosis.NotReadyError(name, failure)
        for blocking in (pod for workload in workloads for pod in snapshot.blocking(workload)):
            cluster.kubectl("delete", "pod", key(blocking)[1], "--namespace", namespace, "--wait=false")
        reason = readiness.waits_for(snapshot, workloads) or f"{missing[0]} does not exist yet"
        if time.monotonic() > until:
            raise TransientError(
                f"{name} was not ready after {DEADLINE_S // 60} minutes; it is waiting for {reason}.",
                hint=f"kubectl -n {namespace} get pods,events",
            )
        running.note(reason)
        pause(LOOK_EVERY_S)
