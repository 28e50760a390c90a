"""Who may talk to whom: each arrow between the platform's parts is tried from inside the pod it begins at."""

from functools import partial

import pytest
from kubernetes import client

from tests.e2e import kube

# A part, and how its pod is found.
PARTS = {
    "etl": ("etl", "app.kubernetes.io/name=etl"),
    "postgres": ("data-platform", "app.kubernetes.io/component=postgres"),
    "postgres-exporter": ("data-platform", "app.kubernetes.io/name=prometheus-postgres-exporter"),
    "scheduler": ("airflow", "component=scheduler"),
    "dag-processor": ("airflow", "component=dag-processor"),
    "api-server": ("airflow", "component=api-server"),
    "prometheus": ("monitoring", "app.kubernetes.io/name=prometheus"),
    "statsd-exporter": ("monitoring", "app.kubernetes.io/name=prometheus-statsd-exporter"),
    "simulator": ("simulator", "app.kubernetes.io/name=simulator"),
}
TARGETS = {
    "postgres": ("data-platform", "postgres", 5432),
    "postgres-exporter": ("data-platform", "postgres-exporter", 9187),
    "api-server": ("airflow", "airflow-api-server", 8080),
    "prometheus": ("monitoring", "kube-prometheus-stack-prometheus", 9090),
    "statsd-exporter": ("monitoring", "statsd-exporter", 9102),
    "statsd": ("monitoring", "statsd-exporter", 9125),
    "simulator": ("simulator", "simulator", 8900),
    "kubernetes": ("default", "kubernetes", 443),
}
ALLOWED = {
    ("etl", "postgres"),
    ("etl", "statsd"),
    ("etl", "simulator"),
    ("postgres-exporter", "postgres"),
    ("scheduler", "postgres"),
    ("scheduler", "api-server"),
    ("scheduler", "kubernetes"),
    ("dag-processor", "postgres"),
    ("dag-processor", "api-server"),
    ("api-server", "postgres"),
    ("prometheus", "postgres-exporter"),
    ("prometheus", "statsd-exporter"),
    ("prometheus", "kubernetes"),
}
ARROWS = [(part, target) for part in PARTS for target in TARGETS if part != target]


@pytest.fixture(scope="module")
def reached(up: str, image: str) -> dict[tuple[str, str], bool]:
    """For each arrow, whether it leads anywhere."""
    addresses = {name: kube.address(*target) for name, target in TARGETS.items()}
    with kube.idle_pod("etl", image, labels={"app.kubernetes.io/name": "etl"}) as idle:
        pods = {part: idle if part == "etl" else kube.pod(*where) for part, where in PARTS.items()}
        answers = kube.side_by_side(
            *(partial(kube.reachable_from, pod, image, addresses.values()) for pod in pods.values())
        )
    return {
        (part, target): answered[address]
        for part, answered in zip(pods, answers, strict=True)
        for target, address in addresses.items()
    }


@pytest.mark.parametrize(("part", "target"), [arrow for arrow in ARROWS if arrow in ALLOWED])
def test_an_arrow_of_the_picture_leads_there(reached: dict[tuple[str, str], bool], part: str, target: str) -> None:
    assert reached[part, target]


@pytest.mark.parametrize(("part", "target"), [arrow for arrow in ARROWS if arrow not in ALLOWED])
def test_what_is_not_an_arrow_of_the_picture_is_closed(
    reached: dict[tuple[str, str], bool], part: str, target: str
) -> None:
    assert not reached[part, target]


def test_every_namespace_denies_by_default(up: str) -> None:
    for namespace in kube.NAMESPACES:
        policies = client.NetworkingV1Api().list_namespaced_network_policy(namespace).items
        denying = [
            one
            for one in policies
            if not one.spec.pod_selector.match_labels
            and set(one.spec.policy_types) == {"Ingress", "Egress"}
            and not one.spec.ingress
            and not one.spec.egress
        ]
        assert denying, namespace
