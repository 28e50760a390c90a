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


def rolled(snapshot: Snapshot) -> dict[str, Any]:
    """Postgres after a correction: its crashed pod is of the revision before, and there is no other yet."""
    stateful = the(snapshot, "StatefulSet")
    stateful["status"] |= {"updateRevision": "postgres-new", "updatedReplicas": 0, "readyReplicas": 0}
    return stateful


def test_a_crash_of_an_older_revision_says_nothing_about_the_newest(snapshot: Snapshot) -> None:
    rolled(waiting(snapshot, "CrashLoopBackOff", restarts=9))
    assert not failures(snapshot)


def test_nothing_is_judged_before_the_controller_has_seen_the_newest_manifest(snapshot: Snapshot) -> None:
    stateful = the(waiting(snapshot, "CrashLoopBackOff", restarts=9), "StatefulSet")
    stateful["metadata"]["generation"] += 1
    assert not failures(snapshot)


@pytest.mark.parametrize("reason", ["CrashLoopBackOff", "ErrImagePull", "ImagePullBackOff", "CreateContainerError"])
def test_a_stateful_set_is_blocked_by_a_pod_that_its_newest_revision_is_to_replace(
    snapshot: Snapshot, reason: str
) -> None:
    stateful = rolled(waiting(snapshot, reason))
    assert [pod["metadata"]["name"] for pod in snapshot.blocking(stateful)] == ["postgres-0"]


def test_a_healthy_pod_or_one_of_the_newest_revision_blocks_nothing(snapshot: Snapshot) -> None:
    assert not snapshot.blocking(rolled(copy.deepcopy(snapshot)))
    crashing = waiting(snapshot, "CrashLoopBackOff")
    assert not crashing.blocking(the(crashing, "StatefulSet"))


def web(snapshot: Snapshot, *revisions: tuple[str, str]) -> dict[str, Any]:
    """A Deployment, and for each (revision, state of its container) a ReplicaSet and its pod."""
    annotations = {readiness.RELEASE: "warehouse", readiness.REVISION: revisions[-1][0]}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}}
    metadata = {"name": "web", "uid": "d", "generation": 1, "annotations": annotations}
    status = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 1}
    deployment = {"kind": "Deployment", "metadata": metadata, "spec": spec, "status": status}
    snapshot.items.append(deployment)
    for number, reason in revisions:
        labels = {"app": "web", "pod-template-hash": f"hash-{number}"}
        owned = {"name": f"web-{number}", "labels": labels, "annotations": {readiness.REVISION: number}}
        snapshot.items.append({"kind": "ReplicaSet", "metadata": {**owned, "ownerReferences": [{"uid": "d"}]}})
        pod = {**owned, "namespace": "data-platform", "creationTimestamp": "2026-11-21T16:00:00Z"}
        waits = {"waiting": {"reason": reason, "message": "said"}} if reason else {"running": {}}
        container = {"name": "web", "state": waits, "restartCount": 5, "started": False}
        snapshot.items.append({"kind": "Pod", "metadata": pod, "status": {"containerStatuses": [container]}})
    return deployment


def test_only_the_pods_of_a_deployments_newest_replica_set_count(snapshot: Snapshot) -> None:
    web(snapshot, ("1", "CrashLoopBackOff"), ("2", ""))
    assert not failures(snapshot)
    assert readiness.waits_for(snapshot, snapshot.workloads("warehouse")) == "web-2: web is starting"
    web(snapshot, ("3", ""), ("4", "CrashLoopBackOff"))
    assert {found.name for found in failures(snapshot)} == {"web-4"}


@pytest.mark.parametrize(
    ("said", "is_final"),
    [
        ("rpc error: code = NotFound desc = failed to pull: registry.example/etl:1: not found", True),
        ("pull access denied, repository does not exist or may require authorization", True),
        ("dial tcp 10.0.0.1:443: connect: connection refused", False),
        ("unexpected status from HEAD request: 503 Service Unavailable", False),
    ],
)
def test_an_image_that_its_registry_does_not_have_is_a_failure_immediately(
    snapshot: Snapshot, said: str, is_final: bool
) -> None:
    pod = the(waiting(snapshot, "ErrImagePull"), "Pod", "postgres")
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = said
    assert bool(failures(snapshot)) is is_final


def test_a_workload_without_replicas_is_not_ready(snapshot: Snapshot) -> None:
    stateful = the(snapshot, "StatefulSet")
    stateful["spec"]["replicas"] = 0
    stateful["status"] |= {"replicas": 0, "readyReplicas": 0, "updatedReplicas": 0}
    assert not readiness.is_ready(stateful)
