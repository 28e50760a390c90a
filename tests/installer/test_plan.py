"""What `make up` does in which order, on a cluster that only records calls."""

from __future__ import annotations

import json
from collections.abc import Iterable
from graphlib import TopologicalSorter
from itertools import product
from typing import Any

import pytest

from k8s.installer.cluster.helm import Revision
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.console import Progress
from k8s.installer.install import plan, releases, steps
from k8s.installer.install.options import Options
from k8s.installer.install.readiness import Snapshot, Watch
from k8s.installer.install.receivers import Receivers
from k8s.installer.install.releases import RELEASES, Inputs
from k8s.installer.install.secrets import Store
from k8s.installer.install.steps import Running
from k8s.installer.verbs import status

WAREHOUSE = RELEASES[0]


class Remembering(Cluster):
    """Finds nothing but these objects; Helm brings every workload back to one replica."""

    def __init__(self, items: Iterable[dict[str, Any]] = ()) -> None:
        super().__init__("recorded")
        self.items = list(items)
        self.upgraded: list[str] = []
        self.applied: list[tuple[str, str, str]] = []

    def list(self, *_: Any) -> list[dict[str, Any]]:
        return self.items

    def find(self, *_: Any) -> None:
        return None

    def kubectl(self, *arguments: str, stdin: str | None = None, fine: Any = (0,)) -> str:
        if arguments[0] == "apply":
            items = json.loads(stdin or "")["items"]
            self.applied += [(item["kind"], item["metadata"]["namespace"], item["metadata"]["name"]) for item in items]
        return ""

    def helm(self, *arguments: str, stdin: str | None = None) -> str:
        if arguments[0] == "upgrade":
            self.upgraded.append(arguments[2])
            for item in self.items:
                item["spec"] |= {"replicas": 1} if "replicas" in item["spec"] else {}
        return ""


def running() -> Running:
    progress = Progress()
    progress.begin("x")
    return Running("x", {}, progress, steps.threading.Event())


@pytest.mark.parametrize("flags", list(product((False, True), repeat=6)))
def test_the_steps_of_every_installation_can_be_ordered(flags: tuple[bool, ...]) -> None:
    names = ("simulate", "object_store", "logs", "spark", "enrichment")
    *others, cnpg = flags
    options = Options(**dict(zip(names, others, strict=True)), warehouse="cnpg" if cnpg else "postgres")
    needs = {step.name: step.needs for step in plan.Plan(Remembering(), options).steps()}
    assert set(TopologicalSorter(needs).static_order()) == needs.keys()


@pytest.mark.parametrize(
    ("options", "server"),
    [
        (Options(object_store=True), "object-store"),
        (Options(simulate=True), "simulator"),
        (Options(enrichment=True), "enrichment"),
    ],
)
def test_pods_are_pointed_at_a_server_only_once_it_runs(options: Options, server: str) -> None:
    cluster = Remembering()
    planned = plan.Plan(cluster, options)
    by_name = {step.name: step for step in planned.steps()}
    assert server in by_name["settings"].needs
    assert "settings" in by_name["dags"].needs
    by_name["secrets"].action(running())
    assert ("ConfigMap", "etl", "etl") not in cluster.applied
    by_name["settings"].action(running())
    assert ("ConfigMap", "etl", "etl") in cluster.applied


def test_a_server_goes_only_once_pods_no_longer_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    left = {("object-store", "object-store"): Revision("deployed", "", "x")}
    monkeypatch.setattr(plan.helm, "revisions", lambda _: left)
    by_name = {step.name: step for step in plan.Plan(Remembering(), Options()).steps()}
    assert "dags" in by_name["object-store"].needs


@pytest.mark.parametrize(("replicas", "did"), [(1, "unchanged"), (0, "upgraded")])
def test_what_was_scaled_to_zero_comes_back(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, replicas: int, did: str
) -> None:
    monkeypatch.setattr(releases, "fingerprint", lambda *_: "same")
    (stateful,) = [item for item in snapshot.items if item["kind"] == "StatefulSet"]
    stateful["spec"]["replicas"] = replicas
    cluster = Remembering(snapshot.items)
    inputs = Inputs(Options(), "image:1", Receivers(), {"secrets": Store({})})
    newest = Revision("deployed", "same", "x")
    assert releases.provide(cluster, WAREHOUSE, inputs, newest, Watch(cluster), running()) == did
    assert stateful["spec"]["replicas"] == 1


def test_status_says_what_was_scaled_to_zero(snapshot: Snapshot) -> None:
    (stateful,) = [item for item in snapshot.items if item["kind"] == "StatefulSet"]
    stateful["spec"]["replicas"] = 0
    newest = {WAREHOUSE.key: Revision("deployed", "same", "x")}
    health = status.health(WAREHOUSE, newest, {"data-platform": snapshot})
    assert (health.is_healthy, health.text) == (False, "scaled to zero: postgres")
