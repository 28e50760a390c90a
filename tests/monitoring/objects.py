"""What exists on a cluster after `make up`: (namespace, kind, name) of everything a runbook may name, with containers.

Our own objects are rendered. Those of other charts are declared here; a test renders these charts, where they are
available, and compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from k8s.installer.cluster.kubectl import AIRFLOW, DATA_PLATFORM, ETL, MONITORING
from k8s.installer.install import dags, pods, secrets
from k8s.installer.install.options import Options
from tests.charts.rendering import CHARTS, NAMESPACES, PLAIN, Manifest, of_kind, rendered
from tests.charts.rendering import pods as pods_of

Objects = dict[tuple[str, str, str], frozenset[str]]

OF_OTHERS: Objects = {
    (AIRFLOW, "StatefulSet", "airflow-scheduler"): frozenset({"scheduler", "scheduler-log-groomer"}),
    (AIRFLOW, "PersistentVolumeClaim", "logs-airflow-scheduler-0"): frozenset(),
    (AIRFLOW, "Deployment", "airflow-api-server"): frozenset({"api-server"}),
    (AIRFLOW, "Deployment", "airflow-dag-processor"): frozenset({"dag-processor", "dag-processor-log-groomer"}),
    (MONITORING, "Deployment", "statsd-exporter"): frozenset({"prometheus-statsd-exporter"}),
    (DATA_PLATFORM, "Deployment", "postgres-exporter"): frozenset({"prometheus-postgres-exporter"}),
    (MONITORING, "Deployment", "kube-prometheus-stack-kube-state-metrics"): frozenset({"kube-state-metrics"}),
    (MONITORING, "Service", "kube-prometheus-stack-alertmanager"): frozenset(),
}
# The operator creates these from the chart's Prometheus and Alertmanager, and names them after those.
BY_OPERATOR: Objects = {
    (MONITORING, "StatefulSet", f"{name}-kube-prometheus-stack-{name}"): frozenset({name, "config-reloader"})
    for name in ("prometheus", "alertmanager")
}
# README.md tells people to create them.
BY_PEOPLE: Objects = {
    (ETL, "Secret", "etl"): frozenset(),
    (MONITORING, "Secret", "alerts"): frozenset(),
    (DATA_PLATFORM, "Secret", "warehouse-archive"): frozenset(),
}


@cache
def known() -> Objects:
    """All of them, with their pods."""
    made = {(AIRFLOW, "ConfigMap", dags.NAME): frozenset[str]()} | OF_OTHERS | BY_OPERATOR | BY_PEOPLE
    store = secrets.derive(secrets.complete({}, with_enrichment=True), "postgres.data-platform.svc", 5432)
    made |= dict(made_by(secrets.manifest(store, "authority"), "default"))
    made |= dict(made_by([pods.settings(Options(simulate=True))], "default"))
    for chart in CHARTS:
        namespace = NAMESPACES.get(chart, chart)
        made |= dict(made_by(rendered(chart), namespace)) | dict(behind_services(rendered(chart), namespace))
    made |= dict(made_by(rendered(PLAIN[0]), "default"))
    return made | dict(_pods(made))


def made_by(manifests: Iterable[Manifest], namespace: str) -> Iterator[tuple[tuple[str, str, str], frozenset[str]]]:
    for one in manifests:
        where, name = one["metadata"].get("namespace", namespace), one["metadata"]["name"]
        spec = one.get("spec") or {}
        pod = spec.get("jobTemplate", {}).get("spec", spec).get("template", {}).get("spec", {})
        yield (where, one["kind"], name), frozenset(box["name"] for box in pod.get("containers", []))
        for claim in spec.get("volumeClaimTemplates", []):
            yield (where, "PersistentVolumeClaim", f"{claim['metadata']['name']}-{name}-0"), frozenset()


def behind_services(
    manifests: Iterable[Manifest], namespace: str
) -> Iterator[tuple[tuple[str, str, str], frozenset[str]]]:
    """Services, with the containers of the pods that they lead to."""
    for service in of_kind(list(manifests), "Service"):
        wanted = service["spec"]["selector"].items()
        found = [pod["spec"] for _, pod in pods_of(list(manifests)) if wanted <= pod["metadata"]["labels"].items()]
        boxes = frozenset(box["name"] for pod in found for box in pod["containers"])
        yield (namespace, "Service", service["metadata"]["name"]), boxes


def _pods(objects: Objects) -> Iterator[tuple[tuple[str, str, str], frozenset[str]]]:
    for (namespace, kind, name), containers in objects.items():
        if kind == "StatefulSet":
            yield (namespace, "Pod", f"{name}-0"), containers
