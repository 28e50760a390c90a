"""The chart of the service that describes pictures."""

from __future__ import annotations

from typing import Any

from enrichment.service import settings
from tests.charts.rendering import Manifest, of_kind, render, rendered


def _only(kind: str, manifests: tuple[Manifest, ...] | list[Manifest], name: str = "enrichment") -> Any:
    (found,) = [one for one in of_kind(manifests, kind) if one["metadata"]["name"] == name]
    return found["spec"]


def test_every_variable_is_a_setting_of_the_service() -> None:
    pods = [_only("Deployment", rendered("enrichment"), name)["template"]["spec"] for name in ("enrichment", "mosaic")]
    names = {one["name"] for pod in pods for container in pod["containers"] for one in container.get("env", [])}
    assert names <= {settings.PREFIX + name.upper() for name in settings.Settings.model_fields}


def test_it_may_ask_nobody_and_only_clients_and_prometheus_may_ask_it() -> None:
    policy = _only("NetworkPolicy", render("enrichment", {"clients": ["etl", "notebooks"]}))
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["egress"] == []
    (rule,) = policy["ingress"]
    asked = [peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in rule["from"]]
    assert asked == ["etl", "notebooks", "monitoring"]


def test_it_is_given_the_time_that_it_takes_to_finish() -> None:
    from enrichment.service.server import FINISH_SECONDS

    pod = _only("Deployment", rendered("enrichment"))["template"]["spec"]
    pause = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert pod["terminationGracePeriodSeconds"] > pause + FINISH_SECONDS


def test_autoscaling_and_a_number_of_pods_are_one_or_the_other() -> None:
    assert "replicas" in _only("Deployment", rendered("enrichment"))
    assert of_kind(rendered("enrichment"), "HorizontalPodAutoscaler") == []
    scaled = rendered("enrichment, autoscaled")
    assert "replicas" not in _only("Deployment", scaled)
    assert _only("HorizontalPodAutoscaler", scaled)["scaleTargetRef"]["name"] == "enrichment"


def test_prometheus_finds_its_port() -> None:
    (endpoint,) = _only("ServiceMonitor", rendered("enrichment"))["endpoints"]
    (port,) = _only("Service", rendered("enrichment"))["ports"]
    assert endpoint["port"] == port["name"]
    assert of_kind(render("enrichment", {"serviceMonitor": False}), "ServiceMonitor") == []


def test_the_page_of_mosaics_calls_nobody_and_is_reached_by_a_forwarded_port_alone() -> None:
    policy = _only("NetworkPolicy", render("enrichment", {"clients": ["etl", "notebooks"]}), "mosaic")
    assert (policy["policyTypes"], policy["egress"]) == (["Ingress", "Egress"], [])
    (rule,) = policy["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": "pool"}]
    asked = [peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in rule["from"]]
    assert asked == ["etl", "notebooks"]


def test_the_page_reads_pictures_that_another_process_writes_and_has_no_key() -> None:
    pod = _only("Deployment", rendered("enrichment"), "mosaic")["template"]["spec"]
    page, receiver = pod["containers"]
    assert page["volumeMounts"] == [{"name": "pool", "mountPath": "/pool", "readOnly": True}]
    assert receiver["volumeMounts"] == [{"name": "pool", "mountPath": "/pool"}]
    assert "env" not in page
    assert page["securityContext"] == receiver["securityContext"]
    assert [port["name"] for port in receiver["ports"]] == ["pool"]


def test_the_page_is_asked_by_the_one_name_that_it_answers() -> None:
    page, _ = _only("Deployment", rendered("enrichment"), "mosaic")["template"]["spec"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert page[probe]["httpGet"]["httpHeaders"] == [{"name": "Host", "value": "localhost"}]


def test_the_page_can_be_left_out() -> None:
    assert not any("mosaic" in str(one) for one in render("enrichment", {"mosaic": {"enabled": False}}))
