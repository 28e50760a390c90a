import copy
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from etl.core.errors import AccessError, ConfigError
from k8s.installer.install import capacity, database, images, preflight
from k8s.installer.install.options import Options
from k8s.installer.install.preflight import Facts, Level


def test_an_empty_cluster_passes(facts: Facts) -> None:
    findings = preflight.check_cluster(facts, Options(image_registry="registry.example.org"))
    assert not [finding for finding in findings if finding.level is Level.FAILED]


@pytest.mark.parametrize(
    ("version", "level"),
    [("v1.29.9", Level.FAILED), ("v1.30.0", Level.GOOD), ("v1.35.2-eks-1", Level.GOOD), ("v1.36.0", Level.WARNING)],
)
def test_a_version_is_judged_by_what_the_manifests_are_validated_against(
    facts: Facts, version: str, level: Level
) -> None:
    facts.version["serverVersion"]["gitVersion"] = version
    assert preflight.check_version(facts).level is level


def test_a_user_who_may_not_create_namespaces_is_refused(facts: Facts) -> None:
    may_not = Facts(facts.context, facts.version, facts.objects, may_create_namespaces=False)
    assert preflight.check_permission(may_not).level is Level.FAILED


def test_a_platform_that_argo_cd_applies_is_left_to_it(facts: Facts) -> None:
    assert preflight.check_argo_cd(facts).level is Level.GOOD
    finding = preflight.check_argo_cd(replace(facts, applied_by_argo_cd=True))
    assert finding.level is Level.FAILED
    assert "kubectl delete applications --namespace argocd --selector" in finding.hint


def pod(facts: Facts, namespace: str, memory: str, image: str = "x", **container: Any) -> dict[str, Any]:
    made = copy.deepcopy(facts.of("Pod")[0])
    made["metadata"] |= {"namespace": namespace, "name": "other"}
    made["spec"]["containers"] = [{"image": image, "resources": {"requests": {"memory": memory}}, **container}]
    facts.objects.append(made)
    return made


def test_capacity_that_others_request_is_not_free(facts: Facts) -> None:
    assert preflight.check_capacity(facts, Options()).level is Level.GOOD
    pod(facts, "others", "22Gi")
    finding = preflight.check_capacity(facts, Options())
    assert finding.level is Level.FAILED
    assert "1." in finding.text
    assert "Docker Desktop" in finding.hint


def test_spark_needs_more_capacity(facts: Facts) -> None:
    pod(facts, "others", "18Gi")
    assert preflight.check_capacity(facts, Options()).level is Level.GOOD
    finding = preflight.check_capacity(facts, Options(spark=True, object_store=True))
    assert finding.level is Level.FAILED
    assert "6.9 GiB of memory are needed" in finding.text


def test_our_own_requests_do_not_count(facts: Facts) -> None:
    pod(facts, "airflow", "22Gi")
    assert preflight.check_capacity(facts, Options()).level is Level.GOOD


def test_a_cordoned_node_has_no_capacity(facts: Facts) -> None:
    facts.of("Node")[0]["spec"]["unschedulable"] = True
    assert preflight.check_capacity(facts, Options()).level is Level.FAILED


def test_without_a_default_storage_class_it_says_how_to_mark_one(facts: Facts) -> None:
    facts.of("StorageClass")[0]["metadata"]["annotations"] = {}
    finding = preflight.check_storage(facts)
    assert finding.level is Level.FAILED
    assert "kubectl annotate storageclass" in finding.hint


def daemon(name: str, image: str = "x", *arguments: str) -> dict[str, Any]:
    containers = [{"image": image, "args": list(arguments)}]
    spec = {"template": {"spec": {"containers": containers}}}
    return {"kind": "DaemonSet", "metadata": {"name": name, "namespace": "kube-system"}, "spec": spec}


@pytest.mark.parametrize(
    ("item", "level"),
    [
        (daemon("calico-node"), Level.GOOD),
        (daemon("kindnet", "docker.io/kindest/kindnetd:v20250512-df8de77b"), Level.GOOD),
        (daemon("kindnet", "docker.io/kindest/kindnetd:v20240513-cd2ac642"), Level.WARNING),
        (daemon("aws-node", "x", "--enable-network-policy=false"), Level.WARNING),
        (daemon("aws-node", "x", "--enable-network-policy=true"), Level.GOOD),
        (daemon("kube-flannel-ds"), Level.WARNING),
    ],
)
def test_it_knows_which_network_plugins_enforce_policies(facts: Facts, item: dict[str, Any], level: Level) -> None:
    facts.objects.append(item)
    assert preflight.check_policies(facts).level is level


OPERATOR = "quay.io/prometheus-operator/prometheus-operator:v0.80.0"


@pytest.mark.parametrize("image", [OPERATOR, OPERATOR.replace(":v0.80.0", f"@sha256:{'0' * 64}")])
def test_another_operator_for_the_whole_cluster_is_a_conflict(facts: Facts, image: str) -> None:
    pod(facts, "others", "1Mi", image)
    assert preflight.check_operator(facts).level is Level.FAILED


def test_our_own_operator_and_one_restricted_to_its_namespace_are_not(facts: Facts) -> None:
    pod(facts, "monitoring", "1Mi", OPERATOR)
    pod(facts, "others", "1Mi", OPERATOR, args=["--namespaces=others"])
    assert preflight.check_operator(facts).level is Level.GOOD


def test_a_cluster_whose_nodes_cannot_get_the_image_is_refused(facts: Facts) -> None:
    assert preflight.check_loading(facts, Options()).level is Level.FAILED
    assert preflight.check_loading(facts, Options(image_load="load it")).level is Level.GOOD


def test_an_image_that_the_nodes_have_needs_no_loading(facts: Facts) -> None:
    name = f"docker.io/library/{images.name(Options())}"
    facts.of("Node")[0]["status"]["images"].append({"names": [name]})
    assert preflight.check_loading(facts, Options()).level is Level.GOOD


@pytest.mark.parametrize("context", ["kind-data-platform", "docker-desktop", "minikube", "k3d-x"])
def test_a_local_cluster_needs_no_confirmation(context: str) -> None:
    preflight.require_agreement(context, Options())


def test_an_unknown_cluster_needs_confirmation_which_only_a_terminal_can_give() -> None:
    with pytest.raises(AccessError, match="Nothing was changed: context 'production'"):
        preflight.require_agreement("production", Options())
    preflight.require_agreement("production", Options(yes=True))
    preflight.require_agreement("production", Options(cluster="production"))


def test_a_missing_program_is_named_with_where_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    finding = preflight.check_tool("helm")
    assert (finding.level, finding.hint) == (Level.FAILED, "Install it: https://helm.sh/docs/intro/install/")


def test_all_findings_are_shown_before_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [
        preflight.Finding(Level.FAILED, "One.", "Do this."),
        preflight.Finding(Level.WARNING, "Two.", "Mind that."),
        preflight.Finding(Level.FAILED, "Three.", "Do that."),
    ]
    with pytest.raises(ConfigError, match="2 checks failed"):
        preflight.show(findings)
    said = capsys.readouterr().out
    assert all(words in said for words in ("One.", "Do this.", "Two.", "Mind that.", "Three.", "Do that."))


@pytest.mark.parametrize(("text", "mebibytes"), [("512Mi", 512), ("1Gi", 1024), ("24581692Ki", 24005.6), ("0", 0)])
def test_memory_is_read_in_kubernetes_notation(text: str, mebibytes: float) -> None:
    assert capacity.mebibytes(text) == pytest.approx(mebibytes, abs=0.1)


@pytest.mark.parametrize(("text", "millicores"), [("250m", 250), ("2", 2000), ("0.5", 500)])
def test_cpu_is_read_in_kubernetes_notation(text: str, millicores: float) -> None:
    assert capacity.millicores(text) == millicores


def of_server(version: str, airflow: str = "3.2.2", major: str = "17") -> database.Facts:
    said = {("version", "warehouse"): version, ("version", "airflow"): airflow, ("server", "major"): major}
    return database.Facts(said)


def test_a_checkout_that_is_as_new_as_the_data_may_install(facts: Facts) -> None:
    for server in (None, of_server(""), of_server("0001", "3.1.0"), of_server(database.newest())):
        assert preflight.check_data(replace(facts, server=server)).level is Level.GOOD


@pytest.mark.parametrize(
    ("server", "noted"),
    [
        (of_server("9999"), ""),
        (None, "9999"),
        (of_server("0001", airflow="99.0.0"), ""),
        (of_server("0001", major="16"), ""),
        (of_server("0001", major="99"), ""),
    ],
)
def test_an_older_checkout_is_refused_before_anything_is_changed(
    facts: Facts, server: database.Facts | None, noted: str
) -> None:
    older = replace(facts, server=server, noted=noted)
    assert preflight.check_data(older).level is Level.FAILED
    assert preflight.check_data(older) in preflight.check_cluster(older, Options(image_registry="r"))


def test_a_restored_older_backup_counts_more_than_what_was_noted(facts: Facts) -> None:
    restored = replace(facts, server=of_server("0001"), noted="9999")
    assert preflight.check_data(restored).level is Level.GOOD


@pytest.mark.parametrize(
    ("has", "wanted", "level"),
    [
        (None, "", Level.GOOD),
        (None, "db.example.org:6432", Level.GOOD),
        ("", "", Level.GOOD),
        ("db.example.org", "db.example.org:6432", Level.GOOD),
        ("db.example.org", "restored.example.org", Level.GOOD),
        ("", "db.example.org", Level.FAILED),
        ("db.example.org", "", Level.FAILED),
    ],
)
def test_the_warehouse_of_a_running_platform_stays_where_it_is(
    facts: Facts, has: str | None, wanted: str, level: Level
) -> None:
    options = Options(warehouse_host=wanted, warehouse_ca=Path("ca.pem") if wanted else None)
    assert preflight.check_place(replace(facts, warehouse_host=has), options).level is level
