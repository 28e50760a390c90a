"""What `make up` changes, and what it rolls back, on a cluster that records calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from etl.core.errors import PlatformError, TransientError
from k8s.installer.cluster.helm import Revision
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.console import Progress
from k8s.installer.install import database, gate, jobs, plan, releases, steps, waiting
from k8s.installer.install.diagnosis import NotReadyError
from k8s.installer.install.gate import Gate
from k8s.installer.install.options import Options
from k8s.installer.install.readiness import Snapshot, Watch
from k8s.installer.install.receivers import Receivers
from k8s.installer.install.releases import RELEASES, WAREHOUSE, Inputs
from k8s.installer.install.secrets import Store
from k8s.installer.install.steps import Running

AIRFLOW = next(release for release in RELEASES if release.name == "airflow")
BEFORE = Revision("deployed", "other", "sh.helm.release.v1.warehouse.v7")


class Broken(Cluster):
    """After an upgrade Postgres' pod, of the new revision, waits for an image that does not exist."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__("recorded")
        self.items = snapshot.items
        self.said: list[str] = []
        self.airflow_versions = {"": "3.2.2", "7": "3.2.2"}

    def list(self, kinds: str, *_: Any) -> list[dict[str, Any]]:
        if kinds == "secrets":
            labels = {"name": "warehouse", "version": "8", "status": "deployed"}
            names = {"namespace": "data-platform", "name": "sh.helm.release.v1.warehouse.v8"}
            return [{"metadata": {**names, "labels": labels}}]
        return [] if kinds == "events" else self.items

    def kubectl(self, *arguments: str, stdin: str | None = None, fine: Any = (0,)) -> str:
        self.said.append(" ".join(arguments[:3]))
        return ""

    def helm(self, *arguments: str, stdin: str | None = None) -> str:
        self.said.append(" ".join(arguments[:3]))
        (pod,) = [item for item in self.items if item["metadata"]["name"] == "postgres-0"]
        (stateful,) = [item for item in self.items if item["kind"] == "StatefulSet"]
        if arguments[0] == "upgrade":
            waits = {"waiting": {"reason": "ErrImagePull", "message": "rpc error: code = NotFound desc = x"}}
            pod["status"]["containerStatuses"][0]["state"] = waits
            stateful["status"]["readyReplicas"] = 0
        if arguments[0] == "rollback":
            pod["status"]["containerStatuses"][0]["state"] = {"running": {}}
            stateful["status"]["readyReplicas"] = 1
        if arguments[:2] == ("get", "values"):
            revision = next((one.partition("=")[2] for one in arguments if one.startswith("--revision")), "")
            return json.dumps({"airflowVersion": self.airflow_versions[revision]})
        return ""


def running(stop: bool = False) -> Running:
    progress = Progress()
    progress.begin("x")
    event = steps.threading.Event()
    if stop:
        event.set()
    return Running("x", {}, progress, event)


def provide(cluster: Cluster, newest: Revision | None, *, stop: bool = False) -> str:
    inputs = Inputs(Options(), "image:1", Receivers(), {"secrets": Store({})})
    return releases.provide(cluster, WAREHOUSE, inputs, newest, Watch(cluster), running(stop))


def test_an_upgrade_that_will_not_become_ready_is_rolled_back(snapshot: Snapshot) -> None:
    cluster = Broken(snapshot)
    with pytest.raises(NotReadyError, match="code = NotFound") as raised:
        provide(cluster, BEFORE)
    assert "rollback warehouse 7" in cluster.said
    assert "runs again" in raised.value.hint
    assert "kubectl" not in raised.value.hint, "the pod that it would show is gone"


def test_an_upgrade_that_someone_stops_is_rolled_back(snapshot: Snapshot) -> None:
    cluster = Broken(snapshot)
    for item in snapshot.items:
        if item["metadata"]["name"] == "postgres-0":
            item["metadata"]["labels"]["controller-revision-hash"] = "older"  # the new pod is not there yet
    with pytest.raises(steps.StoppedError):
        provide(cluster, BEFORE, stop=True)
    assert "rollback warehouse 7" in cluster.said


def test_a_first_installation_that_fails_stays_to_be_looked_at(snapshot: Snapshot) -> None:
    cluster = Broken(snapshot)
    with pytest.raises(NotReadyError) as raised:
        provide(cluster, None)
    assert not [call for call in cluster.said if call.startswith("rollback")]
    assert "kubectl" in raised.value.hint


def test_what_did_not_run_before_is_not_brought_back(snapshot: Snapshot) -> None:
    cluster = Broken(snapshot)
    (stateful,) = [item for item in snapshot.items if item["kind"] == "StatefulSet"]
    stateful["status"]["readyReplicas"] = 0
    with pytest.raises(NotReadyError):
        provide(cluster, BEFORE)
    assert not [call for call in cluster.said if call.startswith("rollback")]


def test_airflow_does_not_go_back_to_a_version_that_cannot_read_its_database(snapshot: Snapshot) -> None:
    cluster = Broken(snapshot)
    assert AIRFLOW.may_go_back(cluster, BEFORE)
    cluster.airflow_versions["7"] = "3.1.0"
    assert not AIRFLOW.may_go_back(cluster, BEFORE)


def test_a_pod_that_blocks_a_stateful_set_is_deleted(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Broken(snapshot)
    (stateful,) = [item for item in snapshot.items if item["kind"] == "StatefulSet"]
    (pod,) = [item for item in snapshot.items if item["metadata"]["name"] == "postgres-0"]
    stateful["status"] |= {"updateRevision": "new", "updatedReplicas": 0, "readyReplicas": 0}
    pod["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    pod["status"]["conditions"] = []

    def pause(_seconds: float) -> None:
        stateful["status"] |= {"updatedReplicas": 1, "readyReplicas": 1}

    def pick(seen: Snapshot) -> list[dict[str, Any]]:
        return seen.workloads("warehouse")

    monkeypatch.setattr(releases.readiness, "FRESH_S", -1)
    waiting.until_ready(cluster, "x", "data-platform", pick, Watch(cluster), running(), pause=pause)
    assert cluster.said == ["delete pod postgres-0"]


# The switch: tables, settings and DAGs


@pytest.mark.parametrize("flag", ["simulate", "object_store", "spark", "enrichment"])
def test_the_switch_is_thrown_only_when_all_that_it_leads_to_is_there(flag: str, snapshot: Snapshot) -> None:
    planned = {step.name: step for step in plan.Plan(Broken(snapshot), Options(**{flag: True})).steps()}
    elsewhere = {"simulate": "simulator", "object_store": "object-store", "spark": "image with Spark"}
    leads_to = elsewhere.get(flag, flag)

    def needed(name: str) -> set[str]:
        return {name}.union(*(needed(need) for need in planned[name].needs))

    for half in ("migrations", "settings", "dags"):
        assert {leads_to, "warehouse", "database", "image"} <= needed(half)
    assert [name for name, step in planned.items() if step.follows] == ["settings", "dags"]
    assert "migrations" in planned["settings"].needs
    for name in ("database", "migrations"):  # they run a Job of the warehouse's chart, whose values follow Secrets
        assert "secrets" in planned[name].needs


Facts = dict[tuple[str, str], str]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """What the migrations step does with a warehouse at this version."""

    def migrations(version: str) -> list[str]:
        did: list[str] = []
        facts = database.Facts({("version", "warehouse"): version, ("server", "id"): "1"} if version else {})
        monkeypatch.setattr(database, "ask", lambda _: facts)
        monkeypatch.setattr(database, "note", lambda _, newest: did.append(f"note {newest}"))
        monkeypatch.setattr(database, "newest", lambda: "0012")
        monkeypatch.setattr(jobs, "run", lambda _, half, *__: did.append(half))
        monkeypatch.setattr(gate.Gate, "close", lambda *_: did.append("close"))
        planned = {step.name: step for step in plan.Plan(Broken(Snapshot("x", [])), Options()).steps()}
        planned["migrations"].action(running())
        return did

    return migrations


@pytest.mark.parametrize(
    ("version", "did"),
    [
        ("0012", ["note 0012"]),
        ("0011", ["close", "migrate", "note 0012"]),
        ("", ["migrate", "note 0012"]),
    ],
)
def test_a_warehouse_is_migrated_exactly_if_it_says_that_it_needs_it(
    asked: Callable[[str], list[str]], version: str, did: list[str]
) -> None:
    assert asked(version) == did


class Busy(Cluster):
    """Namespace etl, whose pods at each look are given; every call is recorded."""

    def __init__(self, *looks: int) -> None:
        super().__init__("recorded")
        self.looks = list(looks)
        self.patched: list[str] = []

    def list(self, kinds: str, *_: Any) -> list[dict[str, Any]]:
        busy = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return [{"metadata": {"name": "spacex-publish-1"}, "status": {"phase": "Running"}}] * busy

    def find(self, *_: Any) -> dict[str, Any]:
        return {"spec": {"hard": {"pods": "20"}}}

    def kubectl(self, *arguments: str, stdin: str | None = None, fine: Any = (0,)) -> str:
        self.patched.append(json.loads(arguments[-1].partition("=")[2])["spec"]["hard"]["pods"])
        return ""


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate.time, "sleep", lambda _: None)
    monkeypatch.setattr(Running, "pause", lambda *_: None)
    monkeypatch.setattr(gate, "PATIENCE_S", 0.2)
    monkeypatch.setattr(gate, "LAST_ONES_S", 0.05)


@pytest.mark.usefixtures("_quick")
def test_the_gate_closes_when_the_pods_of_a_run_have_ended_and_opens_as_it_was() -> None:
    cluster = Busy(1, 1, 0, 1, 0)
    closed = Gate(cluster)
    closed.close(running())
    assert cluster.patched == ["0"]
    closed.open()
    closed.open()
    assert cluster.patched == ["0", "20"]


@pytest.mark.usefixtures("_quick")
def test_a_run_that_does_not_end_keeps_the_gate_open() -> None:
    cluster = Busy(1)
    with pytest.raises(TransientError, match="run has been using it"):
        Gate(cluster).close(running())
    assert cluster.patched == []


@pytest.mark.usefixtures("_quick")
def test_a_pod_that_slips_in_and_stays_opens_the_gate_again() -> None:
    cluster = Busy(0, 1)
    with pytest.raises(PlatformError):
        Gate(cluster).close(running())
    assert cluster.patched == ["0", "20"]
