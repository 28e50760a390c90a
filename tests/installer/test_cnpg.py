"""What the installer knows of CloudNativePG: whose operator there is, when a cluster is ready, where it archives."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from etl.core.errors import ConfigError, UsageError
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.cluster.shell import ToolError
from k8s.installer.install import cnpg, preflight, readiness, recovery, releases, secrets
from k8s.installer.install.options import Options
from k8s.installer.install.preflight import Facts, Level
from k8s.installer.install.readiness import Snapshot
from k8s.installer.install.receivers import Receivers
from k8s.installer.install.releases import Inputs
from k8s.installer.verbs.restore import Wish

NOW = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
GIVEN = {"URL": "s3://backups/warehouse", "ENDPOINT": "https://s3.example.org:9000", "AWS_ACCESS_KEY_ID": "key"}


class Kubernetes(Cluster):
    """Only these objects; it may not know the kind Cluster."""

    def __init__(self, *items: dict[str, Any], clusters: list[dict[str, Any]] | None = None) -> None:
        super().__init__("recorded")
        self.items = list(items)
        self.clusters = clusters

    def list(self, *_: Any) -> list[dict[str, Any]]:
        return self.items

    def find(self, kind: str, name: str, _namespace: str | None = None) -> dict[str, Any] | None:
        return next((item for item in self.items if item["metadata"]["name"] == name), None)

    def kubectl(self, *arguments: str, stdin: str | None = None, fine: Any = (0,)) -> str:
        if self.clusters is None:
            raise ToolError("(NotFound)", hint="", output="")
        return json.dumps({"items": self.clusters})


def running(**status: Any) -> dict[str, Any]:
    ready = {"type": "Ready", "status": "True"}
    barman = {"destinationPath": "s3://warehouse", "serverName": "postgres-2"}
    spec = {
        "instances": 2,
        "imageName": "postgresql:17",
        "postgresql": {"parameters": {"archive_timeout": "60s"}, "synchronous": {"number": 1}, "pg_hba": ["reject"]},
        "backup": {"barmanObjectStore": barman, "retentionPolicy": "14d"},
        "managed": {"services": {}},
        "superuserSecret": {"name": "warehouse-superuser"},
        "bootstrap": {"initdb": {}},
        "certificates": {"serverTLSSecret": "warehouse-tls"},
    }
    found = {"readyInstances": 2, "image": "postgresql:17", "conditions": [ready]} | status
    return {"kind": "Cluster", "metadata": {"name": "postgres"}, "spec": spec, "status": found}


@pytest.mark.parametrize(
    ("namespaces", "is_shared"),
    [([], False), (["data-platform"], False), (["cnpg-system"], True), (["cnpg-system", "data-platform"], False)],
)
def test_an_operator_of_somebody_else_is_used_and_ours_is_not_taken_for_one(
    namespaces: list[str], is_shared: bool
) -> None:
    cluster = Kubernetes(*({"metadata": {"namespace": one, "name": "operator"}} for one in namespaces))
    assert cnpg.is_shared(cluster) is is_shared
    wanted = releases.wanted(Options(warehouse="cnpg"), has_operator=is_shared)
    assert (releases.OPERATOR in wanted) is not is_shared


def test_where_kubernetes_does_not_know_the_kind_there_is_no_cluster() -> None:
    assert cnpg.find(Kubernetes()) is None
    assert cnpg.find(Kubernetes(clusters=[])) is None
    assert cnpg.find(Kubernetes(clusters=[running()])) is not None


@pytest.mark.parametrize(
    ("status", "is_ready"),
    [
        ({}, True),
        ({"readyInstances": 1}, False),
        ({"image": "postgresql:16"}, False),
        ({"conditions": [{"type": "Ready", "status": "False"}]}, False),
    ],
)
def test_a_cluster_is_ready_when_all_instances_serve_with_its_image(status: dict[str, Any], is_ready: bool) -> None:
    assert readiness.is_ready(running(**status)) is is_ready


def test_the_pods_of_a_cluster_are_waited_for_and_one_that_hibernates_is_scaled_down() -> None:
    cluster = running(readyInstances=0)
    pod = {"kind": "Pod", "metadata": {"name": "postgres-1", "labels": {cnpg.LABEL: "postgres"}}}
    pod["metadata"]["creationTimestamp"] = "2026-11-21T10:00:00Z"  # type: ignore[index]
    pod["status"] = {"phase": "Pending"}
    assert readiness.waits_for(Snapshot("data-platform", [cluster, pod]), [cluster]) == "postgres-1: pending"
    assert not readiness.is_scaled_down(cluster)
    cluster["metadata"]["annotations"] = {cnpg.HIBERNATION: "on"}
    assert readiness.is_scaled_down(cluster)


# Where it archives


def store(**options: Any) -> secrets.Store:
    return secrets.complete({}, **options)


def archive(has: secrets.Store, now: datetime | None = NOW) -> dict[str, str]:
    return secrets.with_archive(has, now).values.get(cnpg.ARCHIVE, {})


def with_secret(given: dict[str, str], **options: Any) -> secrets.Store:
    found = store(**options)
    return secrets.Store({**found.values, cnpg.ARCHIVE: given})


def test_without_a_place_there_is_no_archive() -> None:
    assert archive(store()) == {}
    assert archive(with_secret({"URL": cnpg.OWN_ARCHIVE, "FOLDER": "postgres-1"})) == {}, "its server is gone"


def test_it_is_on_the_server_in_the_cluster_unless_people_name_another() -> None:
    own = store(with_object_store=True)
    found = archive(own)
    assert found["URL"] == cnpg.OWN_ARCHIVE
    assert found["AWS_SECRET_ACCESS_KEY"] == own.values[secrets.KEYS]["AWS_SECRET_ACCESS_KEY"]
    assert found["ca.crt"] == own.values[secrets.STORE_TLS]["ca.crt"]
    assert archive(with_secret(GIVEN, with_object_store=True)).items() >= GIVEN.items()


def test_each_server_has_a_folder_of_its_own_and_former_ones_are_remembered() -> None:
    first = archive(with_secret(GIVEN))
    assert (first["FOLDER"], first["FORMER"]) == ("postgres-20261121T103000Z", "")
    assert archive(with_secret(first), now=None) == first, "the server is there"
    second = archive(with_secret(first), now=NOW.replace(year=2027))
    assert (second["FOLDER"], second["FORMER"]) == ("postgres-20271121T103000Z", "postgres-20261121T103000Z")
    third = archive(with_secret(second), now=NOW.replace(year=2028))
    assert third["FORMER"].split() == [first["FOLDER"], second["FOLDER"]]


def test_the_release_gets_names_of_secrets_and_no_key() -> None:
    made = secrets.derive(secrets.with_archive(with_secret(GIVEN), NOW), "postgres.data-platform.svc", 5432)
    inputs = Inputs(Options(warehouse="cnpg"), "image:1", Receivers(), {"secrets": made})
    values = releases.WAREHOUSE.values(inputs)["cnpg"]
    assert values["enabled"] is True
    assert values["archive"]["url"] == GIVEN["URL"]
    assert values["archive"]["secret"] == "warehouse-archive"
    assert values["archive"]["caSecret"] == ""
    assert "cnpg" not in releases.WAREHOUSE.values(replace(inputs, options=Options()))


@pytest.mark.parametrize(
    ("given", "ports"),
    [(None, ()), ({"URL": cnpg.OWN_ARCHIVE}, ()), (GIVEN, (9000,)), ({"URL": "s3://backups"}, (443,))],
)
def test_an_archive_elsewhere_is_reached_on_its_port(given: dict[str, str] | None, ports: tuple[int, ...]) -> None:
    data = {name: base64.b64encode(value.encode()).decode() for name, value in (given or {}).items()}
    secret = {"metadata": {"name": cnpg.ARCHIVE[1]}, "data": data}
    assert cnpg.archive_ports(Kubernetes(*([secret] if given else []))) == ports


# No silent beginning


def claim(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {name.replace("__", "/"): value for name, value in labels.items()}}}


def test_data_is_recognised_by_its_claims_unless_people_set_them_aside() -> None:
    single, instance = (
        claim("data-postgres-0"),
        {"metadata": {"name": "postgres-1", "labels": {cnpg.LABEL: "postgres"}}},
    )
    assert cnpg.holders(Kubernetes(claim("backups"))) == frozenset()
    assert cnpg.holders(Kubernetes(single)) == {"postgres"}
    assert cnpg.holders(Kubernetes(single, instance)) == {"postgres", "cnpg"}
    single["metadata"]["labels"] = {cnpg.SET_ASIDE: "yes"}
    assert cnpg.holders(Kubernetes(single, instance)) == {"cnpg"}


@pytest.mark.parametrize(
    ("holders", "wanted", "level"),
    [
        ([], "cnpg", Level.GOOD),
        (["cnpg"], "cnpg", Level.GOOD),
        (["postgres"], "postgres", Level.GOOD),
        (["postgres"], "cnpg", Level.FAILED),
        (["cnpg"], "postgres", Level.FAILED),
    ],
)
def test_a_server_with_data_is_not_left_behind(facts: Facts, holders: list[str], wanted: str, level: Level) -> None:
    found = replace(facts, holders=frozenset(holders))
    finding = preflight.check_kind(found, Options(warehouse=wanted))
    assert finding.level is level
    assert finding in preflight.check_cluster(found, Options(warehouse=wanted, image_registry="r"))


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="'mysql' is not supported"):
        Options(warehouse="mysql")


# What is restored beside


def test_a_server_at_a_moment_reads_a_folder_and_archives_nothing() -> None:
    made = recovery.manifest(running(), NOW, "postgres-1")["spec"]
    assert made["instances"] == 1
    recovery_of = made["bootstrap"]["recovery"]
    assert recovery_of["recoveryTarget"] == {"targetTime": "2026-11-21 10:30:00.000000+00"}
    assert recovery_of["source"] == "archive"
    [source] = made["externalClusters"]
    assert source["barmanObjectStore"] == {"destinationPath": "s3://warehouse", "serverName": "postgres-1"}
    assert "synchronous" not in made["postgresql"], "nobody else is there"
    assert made["postgresql"]["pg_hba"] == ["reject"]
    assert not {"backup", "managed"} & made.keys()
    assert "recoveryTarget" not in recovery.manifest(running(), None, "x")["spec"]["bootstrap"]["recovery"]


def test_without_an_archive_a_moment_cannot_be_restored() -> None:
    with pytest.raises(ConfigError, match="no archive"), recovery.recovered(Kubernetes(clusters=[]), NOW, ""):
        pass


@pytest.mark.parametrize(
    ("wish", "beside"),
    [
        (Wish(to="20261121T023000Z"), "warehouse_20261121t023000z"),
        (Wish(at="2026-11-21T09:59:00Z", database="airflow"), "airflow_20261121t095900z"),
        (Wish(at="2026-11-21T10:59:00+01:00"), "warehouse_20261121t095900z"),
        (Wish(at="2026-11-21"), "warehouse_20261121t000000z"),
        (Wish(at="newest"), "warehouse_newest"),
    ],
)
def test_what_is_restored_is_beside_under_the_name_of_its_moment(wish: Wish, beside: str) -> None:
    assert wish.beside == beside


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"to": "20261121T023000Z", "at": "newest"}, "both given"),
        ({"to": "yesterday"}, "not a backup's name"),
        ({"at": "yesterday"}, "not a time"),
        ({"database": "postgres"}, "no database 'postgres'"),
        ({"replace": True}, "From when"),
        ({"table": "silver.x"}, "From when"),
    ],
)
def test_a_wish_that_means_nothing_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        Wish(**wrong)
    assert caught.value.hint


def test_the_next_command_means_the_same_wish() -> None:
    assert (
        str(Wish(at="newest", folder="postgres-1", database="airflow"))
        == "AT=newest FOLDER=postgres-1 DATABASE=airflow"
    )
