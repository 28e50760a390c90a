"""How everything that we put on a cluster behaves: each rule looks at every chart, case and manifest of ours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import yaml

from etl.core import errors
from k8s.installer.install import secrets
from tests.charts.rendering import PLAIN, SOURCES, Manifest, called, containers, of_kind, pods, rendered
from tests.conftest import ROOT

LASTING = ("Deployment", "StatefulSet", "DaemonSet")
SECRET_WORDS = re.compile(r"PASSWORD|SECRET|TOKEN|API_?KEY|FERNET|PRIVATE", re.IGNORECASE)
TERMINAL = sorted(
    {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.PlatformError)
    }
    - {errors.TransientError.exit_code}
)

every_source = pytest.mark.parametrize("source", SOURCES)


# Pods


@every_source
def test_nothing_runs_as_root(source: str) -> None:
    for owner, pod in pods(rendered(source)):
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True, owner
        assert context["runAsUser"] > 0, owner
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, owner


@every_source
def test_no_container_can_gain_a_right_or_write_to_its_image(source: str) -> None:
    for where, container in containers(rendered(source)):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False, where
        assert context["readOnlyRootFilesystem"] is True, where
        assert context["capabilities"] == {"drop": ["ALL"]}, where
        assert not context.get("privileged"), where


@every_source
def test_no_pod_reaches_into_its_node(source: str) -> None:
    for owner, pod in pods(rendered(source)):
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod["spec"]), owner
        assert not [volume for volume in pod["spec"].get("volumes", []) if "hostPath" in volume], owner
    for where, container in containers(rendered(source)):
        assert not [port for port in container.get("ports", []) if "hostPort" in port], where


@every_source
def test_only_the_pod_that_renews_the_certificate_holds_a_token_of_the_api(source: str) -> None:
    for owner, pod in pods(rendered(source)):
        renews = pod["spec"]["serviceAccountName"] == "certificate"
        assert pod["spec"]["automountServiceAccountToken"] is renews, owner
        assert pod["spec"]["serviceAccountName"] != "default", owner
    for account in of_kind(rendered(source), "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False, called(account)


@every_source
def test_no_pod_is_told_of_services_by_its_environment(source: str) -> None:
    for owner, pod in pods(rendered(source)):
        assert pod["spec"]["enableServiceLinks"] is False, owner


@every_source
def test_every_container_says_what_it_needs_and_at_which_memory_it_ends(source: str) -> None:
    for where, container in containers(rendered(source)):
        resources = container["resources"]
        assert {"cpu", "memory"} <= set(resources["requests"]), where
        assert "memory" in resources["limits"], where


@every_source
def test_every_image_has_a_tag_that_stays_and_is_not_pulled_again_each_time(source: str) -> None:
    for where, container in containers(rendered(source)):
        assert re.search(r":[\w][\w.-]*$", container["image"]), where
        assert not container["image"].endswith(":latest"), where
        assert container["imagePullPolicy"] == "IfNotPresent", where


@every_source
def test_a_lasting_container_is_probed_when_it_starts_serves_and_hangs(source: str) -> None:
    for where, container in containers(of_kind(rendered(source), *LASTING)):
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container), where
        start, live = container["startupProbe"], container["livenessProbe"]
        assert start["periodSeconds"] == 1, f"{where}: readiness is noticed within a second"
        assert start["failureThreshold"] >= 60, f"{where}: a slow machine has time to start"
        assert live["periodSeconds"] * live.get("failureThreshold", 3) >= 30, f"{where}: a busy one is not killed"


@every_source
def test_scratch_space_has_a_limit(source: str) -> None:
    for owner, pod in pods(rendered(source)):
        for volume in pod["spec"].get("volumes", []):
            if "emptyDir" in volume:
                assert "sizeLimit" in volume["emptyDir"], f"{owner}, volume {volume['name']}"


@every_source
def test_every_volume_is_mounted_and_every_mount_is_a_volume(source: str) -> None:
    claims = {
        called(manifest): {claim["metadata"]["name"] for claim in manifest["spec"].get("volumeClaimTemplates", [])}
        for manifest in of_kind(rendered(source), "StatefulSet")
    }
    for owner, pod in pods(rendered(source)):
        inside = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
        mounted = {mount["name"] for container in inside for mount in container.get("volumeMounts", [])}
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])} | claims.get(owner, set())
        assert mounted == volumes, owner


# Jobs and hooks


@every_source
def test_a_job_retries_only_what_waiting_can_fix(source: str) -> None:
    for job in of_kind(rendered(source), "Job"):
        spec = job["spec"]
        assert spec["template"]["spec"]["restartPolicy"] == "Never", called(job)
        rules = {rule["action"]: rule for rule in spec["podFailurePolicy"]["rules"]}
        assert rules["FailJob"]["onExitCodes"] == {"operator": "In", "values": TERMINAL}, called(job)
        assert rules["Ignore"]["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}], called(job)
        assert spec["backoffLimit"] <= 6, called(job)
        assert "ttlSecondsAfterFinished" not in spec, f"{called(job)}: helm would miss it at the next upgrade"


@every_source
def test_nothing_but_tests_is_a_hook(source: str) -> None:
    for manifest in rendered(source):
        hook = (manifest["metadata"].get("annotations") or {}).get("helm.sh/hook", "test")
        assert hook == "test", called(manifest)


# Names that must meet


@every_source
def test_a_service_finds_pods_and_its_port_is_one_of_theirs(source: str) -> None:
    for service in of_kind(rendered(source), "Service"):
        found = [pod for _, pod in _selected(rendered(source), service["spec"]["selector"])]
        assert len(found) == 1, called(service)
        offered = {
            port[key]
            for container in found[0]["spec"]["containers"]
            for port in container["ports"]
            for key in ("name", "containerPort")
        }
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= offered, called(service)


@every_source
def test_a_budget_is_for_pods_that_exist(source: str) -> None:
    for budget in of_kind(rendered(source), "PodDisruptionBudget"):
        assert len(list(_selected(rendered(source), budget["spec"]["selector"]["matchLabels"]))) == 1, called(budget)


@every_source
def test_a_controller_selects_its_own_pods_only(source: str) -> None:
    for manifest in of_kind(rendered(source), *LASTING):
        found = [owner for owner, _ in _selected(rendered(source), manifest["spec"]["selector"]["matchLabels"])]
        assert found == [called(manifest)]


@every_source
def test_every_name_that_is_referred_to_exists(source: str) -> None:
    existing = {(kind, name): keys for kind, name, keys in _made(rendered(source))}
    for where, kind, name, key in _references(rendered(source)):
        assert (kind, name) in existing, f"{where}: {kind} {name}"
        assert key is None or key in existing[kind, name], f"{where}: key {key} of {kind} {name}"


@every_source
def test_no_two_objects_have_one_name(source: str) -> None:
    names = Counter((m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in rendered(source))
    assert [name for name, times in names.items() if times > 1] == []


@every_source
def test_every_object_of_a_chart_says_whose_it_is(source: str) -> None:
    if source.startswith("manifests"):
        return
    for manifest in rendered(source):
        assert {
            "app.kubernetes.io/name",
            "app.kubernetes.io/instance",
            "app.kubernetes.io/managed-by",
            "helm.sh/chart",
        } <= set(manifest["metadata"]["labels"]), called(manifest)


@every_source
def test_the_version_of_a_chart_restarts_nothing(source: str) -> None:
    for owner, pod in pods([manifest for manifest in rendered(source) if manifest["kind"] != "Pod"]):
        assert "helm.sh/chart" not in pod["metadata"].get("labels", {}), owner


# Secrets


@every_source
def test_no_manifest_holds_a_secret(source: str) -> None:
    assert of_kind(rendered(source), "Secret") == []
    for where, container in containers(rendered(source)):
        for variable in container.get("env", []):
            if SECRET_WORDS.search(variable["name"]) and not variable["name"].endswith("_FILE"):
                assert "secretKeyRef" in variable["valueFrom"], f"{where}: {variable['name']}"
        said = " ".join([*container.get("command", []), *container.get("args", [])])
        assert not re.search(r"(password|token|secret|key)\s*=", said, re.IGNORECASE), where
    assert "PRIVATE KEY" not in yaml.safe_dump_all(rendered(source))


@every_source
def test_a_file_of_a_secret_is_not_for_everybody(source: str) -> None:
    for owner, pod in pods(rendered(source)):
        for volume in pod["spec"].get("volumes", []):
            for kind in ("secret", "projected"):
                if kind in volume:
                    assert volume[kind]["defaultMode"] & 0o007 == 0, f"{owner}, volume {volume['name']}"


# Plain manifests


def test_every_namespace_admits_only_what_complies_with_the_strictest_profile() -> None:
    found = of_kind(rendered("manifests"), "Namespace")
    assert {"data-platform", "etl", "airflow", "monitoring"} <= {namespace["metadata"]["name"] for namespace in found}
    for namespace in found:
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted", called(namespace)


def test_every_namespace_of_ours_denies_what_no_policy_allows() -> None:
    denied = {
        policy["metadata"]["namespace"]
        for policy in of_kind(rendered("manifests"), "NetworkPolicy")
        if policy["spec"]["podSelector"] == {}
        and set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        and not {"ingress", "egress"} & set(policy["spec"])
    }
    assert denied == {namespace["metadata"]["name"] for namespace in of_kind(rendered("manifests"), "Namespace")}


def test_a_policy_that_names_the_warehouse_means_pods_of_its_chart() -> None:
    labels = [pod["metadata"]["labels"] for _, pod in pods(rendered("warehouse"))]
    for selector in _pod_selectors(rendered("manifests")):
        wanted = selector.get("matchLabels", {})
        if wanted.get("app.kubernetes.io/name") == "warehouse":
            assert any(wanted.items() <= found.items() for found in labels), wanted


def test_only_airflow_spark_grafana_and_the_renewal_may_ask_the_api_for_anything() -> None:
    everything = [manifest for source in SOURCES for manifest in rendered(source)]
    assert of_kind(everything, "ClusterRole", "ClusterRoleBinding") == []
    who = {
        (binding["metadata"]["namespace"], binding["roleRef"]["name"]): {
            f"{subject['namespace']}/{subject['name']}" for subject in binding["subjects"]
        }
        for binding in of_kind(everything, "RoleBinding")
    }
    assert who == {
        ("etl", "pod-launcher"): {"airflow/airflow-scheduler"},
        ("etl", "executor-launcher"): {"etl/spark"},
        ("data-platform", "certificate"): {"data-platform/certificate"},
        ("monitoring", "dashboard-reader"): {"monitoring/kube-prometheus-stack-grafana"},
    }
    allowed = {
        "pod-launcher": {"pods", "pods/log", "events"},
        "executor-launcher": {"pods"},
        "dashboard-reader": {"configmaps"},
        "certificate": {"secrets"},
    }
    for role in of_kind(everything, "Role"):
        for rule in role["rules"]:
            assert set(rule["resources"]) <= allowed[role["metadata"]["name"]], called(role)
            assert "secrets" not in rule["resources"] or rule["resourceNames"] == ["warehouse-tls"], called(role)
            assert "*" not in rule["verbs"], called(role)


NO_MANIFESTS = {"kind.yaml", "executor.yaml"}  # what kind reads, and what Spark completes


def test_every_manifest_file_is_among_those_that_are_looked_at() -> None:
    looked_at = {called(manifest) for source in PLAIN for manifest in rendered(source)}
    for file in sorted((ROOT / "k8s").rglob("*.yaml")):
        text = re.sub(r"\$\{\w+\}", "0", file.read_text())
        for manifest in yaml.safe_load_all(text):
            assert file.name in NO_MANIFESTS or called(manifest) in looked_at, file


def _selected(manifests: Iterable[Manifest], labels: dict[str, str]) -> Iterator[tuple[str, Manifest]]:
    for owner, pod in pods(list(manifests)):
        if labels.items() <= pod["metadata"].get("labels", {}).items():
            yield owner, pod


def _pod_selectors(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "podSelector" in node:
            yield node["podSelector"]
        for inner in node.values():
            yield from _pod_selectors(inner)
    elif isinstance(node, list | tuple):
        for inner in node:
            yield from _pod_selectors(inner)


def _made(manifests: Iterable[Manifest]) -> Iterator[tuple[str, str, set[str]]]:
    """What these objects and the installer make: kind, name, keys."""
    store = secrets.derive(secrets.complete({}, with_object_store=True, with_enrichment=True), "postgres", 5432)
    for manifest in [*manifests, *secrets.manifest(store, authority="a certificate"), secrets.renewal()]:
        data = manifest.get("data") or manifest.get("stringData") or {}
        yield manifest["kind"], manifest["metadata"]["name"], set(data)
    yield "Secret", "registry", set()  # one of the cases: made by whoever has a registry


def _references(manifests: Iterable[Manifest]) -> Iterator[tuple[str, str, str, str | None]]:
    """Where a pod names another object: whose pod, kind, name, key."""
    for owner, pod in pods(list(manifests)):
        yield owner, "ServiceAccount", pod["spec"]["serviceAccountName"], None
        for volume in pod["spec"].get("volumes", []):
            for source in [volume, *volume.get("projected", {}).get("sources", [])]:
                for kind, field in (("secret", "Secret"), ("configMap", "ConfigMap")):
                    if kind in source:
                        name = source[kind].get("secretName") or source[kind]["name"]
                        keys = [item["key"] for item in source[kind].get("items", [])]
                        yield from ((owner, field, name, key) for key in keys or [None])
    for where, container in containers(list(manifests)):
        for variable in container.get("env", []):
            for ref, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
                if ref in variable.get("valueFrom", {}):
                    yield where, kind, variable["valueFrom"][ref]["name"], variable["valueFrom"][ref]["key"]
