import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from k8s.installer.install import diagnosis, readiness
from k8s.installer.install.readiness import Failure, Snapshot

NOW = datetime(2026, 11, 21, 17, tzinfo=UTC)


def the(snapshot: Snapshot, kind: str, name: str = "") -> dict[str, Any]:
    return next(item for item in snapshot.items if item["kind"] == kind and item["metadata"]["name"].startswith(name))


def waiting(snapshot: Snapshot, reason: str, restarts: int = 0) -> Snapshot:
    """Postgres' container waits, and its StatefulSet with it."""
    pod = the(snapshot, "Pod", "postgres")
    container = pod["status"]["containerStatuses"][0]
    container["state"] = {"waiting": {"reason": reason, "message": "because"}}
    container["lastState"] = {"terminated": {"reason": "Error", "exitCode": 1}}
    container["restartCount"] = restarts
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    the(snapshot, "StatefulSet")["status"]["readyReplicas"] = 0
    return snapshot


def failures(snapshot: Snapshot, now: datetime = NOW) -> list[Failure]:
    return readiness.failures(snapshot, snapshot.workloads("warehouse"), now)


def test_workloads_with_all_their_replicas_are_ready(snapshot: Snapshot) -> None:
    workloads = snapshot.workloads("warehouse")
    assert {workload["kind"] for workload in workloads} == {"StatefulSet", "Job"}
    assert all(readiness.is_ready(workload) for workload in workloads)


def test_a_volume_claim_is_not_waited_for(snapshot: Snapshot) -> None:
    claim = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "backups", "annotations": {readiness.RELEASE: "warehouse"}},
    }
    assert claim not in Snapshot(snapshot.namespace, [*snapshot.items, claim]).workloads("warehouse")


def test_a_change_that_no_controller_has_observed_yet_is_not_ready(snapshot: Snapshot) -> None:
    stateful = the(snapshot, "StatefulSet")
    stateful["metadata"]["generation"] += 1
    assert not readiness.is_ready(stateful)


def test_a_deployment_waits_for_its_old_pods_to_go() -> None:
    status = {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1, "replicas": 2}
    deployment = {"kind": "Deployment", "metadata": {"generation": 1}, "spec": {"replicas": 1}, "status": status}
    assert not readiness.is_ready(deployment)
    status["replicas"] = 1
    assert readiness.is_ready(deployment)


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "CreateContainerConfigError", "InvalidImageName"])
def test_a_container_that_waits_in_vain_has_failed(snapshot: Snapshot, reason: str) -> None:
    (found,) = failures(waiting(snapshot, reason))
    assert (found.name, found.reason) == ("postgres-0", f"{reason}: because")


def test_a_new_pod_gets_some_grace(snapshot: Snapshot) -> None:
    pod = the(waiting(snapshot, "ImagePullBackOff"), "Pod", "postgres")
    born = datetime.strptime(pod["metadata"]["creationTimestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert not failures(snapshot, born + timedelta(seconds=10))
    assert failures(snapshot, born + timedelta(seconds=60))


@pytest.mark.parametrize(("life", "is_failure"), [("17:00:59", True), ("17:01:00", False)])
def test_a_crash_after_a_long_life_is_not_a_crash_loop(snapshot: Snapshot, life: str, is_failure: bool) -> None:
    crashed = waiting(snapshot, "CrashLoopBackOff", readiness.RESTARTS)
    ended = the(crashed, "Pod", "postgres")["status"]["containerStatuses"][0]["lastState"]["terminated"]
    ended |= {"startedAt": "2026-11-21T17:00:00Z", "finishedAt": f"2026-11-21T{life}Z"}
    assert bool(failures(crashed)) is is_failure


@pytest.mark.parametrize(("restarts", "is_failure"), [(1, False), (readiness.RESTARTS, True)])
def test_a_single_crash_is_tolerated_but_repeated_ones_are_not(
    snapshot: Snapshot, restarts: int, is_failure: bool
) -> None:
    found = failures(waiting(snapshot, "CrashLoopBackOff", restarts))
    assert bool(found) is is_failure


def test_a_failed_job_is_a_failure(snapshot: Snapshot) -> None:
    job = the(snapshot, "Job")
    job["status"]["conditions"] = [
        {"type": "Failed", "status": "True", "reason": "PodFailurePolicy", "message": "exit code 78"}
    ]
    (found,) = failures(snapshot)
    assert found.name.startswith("migrations-")
    assert found.reason == "PodFailurePolicy: exit code 78"


def test_a_failed_pod_s_own_words_are_better_than_what_kubernetes_says(snapshot: Snapshot) -> None:
    the(snapshot, "Job")["status"]["conditions"] = [{"type": "Failed", "status": "True", "reason": "PodFailurePolicy"}]
    provision = the(snapshot, "Pod", "migrations")["status"]["initContainerStatuses"][0]
    provision["state"] = {"terminated": {"exitCode": 77, "message": "error: No.\nhint: Yes."}}
    (found,) = failures(snapshot)
    assert (found.reason, found.container, found.has_logs) == ("error: No. hint: Yes.", "provision", True)


def test_pods_that_are_refused_are_a_failure_of_their_workload(snapshot: Snapshot) -> None:
    condition = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "violates PodSecurity",
    }
    status = {"observedGeneration": 1, "conditions": [condition]}
    annotations = {readiness.RELEASE: "warehouse"}
    metadata = {"name": "web", "generation": 1, "annotations": annotations}
    spec = {"selector": {"matchLabels": {"app": "web"}}}
    snapshot.items.append({"kind": "Deployment", "metadata": metadata, "spec": spec, "status": status})
    (found,) = failures(snapshot)
    assert not found.is_pod
    assert "violates PodSecurity" in found.reason
    assert diagnosis.more(found) == "kubectl -n data-platform get events"


def test_it_says_what_it_waits_for(snapshot: Snapshot) -> None:
    waiting(snapshot, "ContainerCreating")
    assert readiness.waits_for(snapshot, snapshot.workloads("warehouse")) == "postgres-0: ContainerCreating"


def test_workloads_made_by_an_operator_are_found_by_name(snapshot: Snapshot) -> None:
    stateful = copy.deepcopy(the(snapshot, "StatefulSet"))
    stateful["metadata"] |= {"name": "prometheus-x", "annotations": {}}
    snapshot.items.append(stateful)
    assert stateful in snapshot.workloads("warehouse", ("prometheus-x",))
    assert stateful not in snapshot.workloads("warehouse")


def test_only_the_last_events_of_the_pod_are_shown() -> None:
    def event(name: str, minute: int) -> dict[str, Any]:
        about = {"name": name}
        return {
            "involvedObject": about,
            "reason": "R",
            "message": f"{minute}",
            "lastTimestamp": f"2026-01-01T00:{minute:02}",
        }

    events = [event("postgres-0", minute) for minute in (5, 4, 3, 2, 1)] + [event("other", 9)]
    assert diagnosis.last_events(events, "postgres-0") == ["R: 3", "R: 4", "R: 5"]
