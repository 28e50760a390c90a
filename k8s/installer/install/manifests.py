"""k8s/manifests, with the few values filled in that only the cluster or the options know."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from etl.core.errors import ConfigError
from k8s.installer import paths
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.install import cnpg
from k8s.installer.versions import versions

SIMULATOR_ONLY = "simulator.yaml"
OBJECT_STORE_ONLY = "object-store.yaml"
LOGS_ONLY = "network-logs.yaml"
SPARK_ONLY = "spark.yaml"
ENRICHMENT_ONLY = "enrichment.yaml"
CNPG_ONLY = "network-cnpg.yaml"
ARCHIVE_OUT = "network-archive-out.yaml"  # only if CloudNativePG archives outside the cluster
TASK_LOGS_OUT = "network-task-logs-out.yaml"  # only if task logs are kept in a bucket
INGRESS = "network-ingress.yaml"  # only if Airflow and Grafana have names
CERTIFICATE = "certificate.yaml"  # only for a server in the cluster
ALERTS_OUT = "network-alerts-out.yaml"  # only if alerts are sent somewhere
ROLE = "eks.amazonaws.com/role-arn"  # EKS then gives each pod of the account a token that opens this role
IN_DATA_PLATFORM = {"matchLabels": {"kubernetes.io/metadata.name": "data-platform"}}
OF_STATEFULSET = {"matchLabels": {"app.kubernetes.io/name": "warehouse", "app.kubernetes.io/component": "postgres"}}
OF_CNPG = {"matchExpressions": [{"key": cnpg.LABEL, "operator": "Exists"}]}
# The addresses of a managed database change, so only its port is fixed.
EXTERNAL_POSTGRES = [{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}]


@dataclass(frozen=True)
class Wanted:
    """What decides which manifests apply, and what is filled in."""

    simulate: bool = False
    object_store: bool = False
    logs: bool = False
    spark: bool = False
    enrichment: bool = False
    cnpg: bool = False
    archive_ports: tuple[int, ...] = ()
    alert_ports: tuple[int, ...] = ()
    warehouse_port: int = 5432
    is_warehouse_external: bool = False
    pods_role: str = ""
    task_logs_out: bool = False
    ingress_from: str = ""


def files(wanted: Wanted) -> list[Path]:
    """Namespaces first, as everything else lives in one."""
    optional = {
        SIMULATOR_ONLY: wanted.simulate,
        OBJECT_STORE_ONLY: wanted.object_store,
        LOGS_ONLY: wanted.logs,
        SPARK_ONLY: wanted.spark,
        ENRICHMENT_ONLY: wanted.enrichment,
        ALERTS_OUT: bool(wanted.alert_ports),
        CNPG_ONLY: wanted.cnpg,
        ARCHIVE_OUT: wanted.cnpg and bool(wanted.archive_ports),
        TASK_LOGS_OUT: wanted.task_logs_out,
        INGRESS: bool(wanted.ingress_from),
        CERTIFICATE: not wanted.is_warehouse_external,
    }
    found = sorted(paths.MANIFESTS.glob("*.yaml"), key=lambda path: (path.name != "namespaces.yaml", path.name))
    return [path for path in found if optional.get(path.name, True)]


def unwanted(wanted: Wanted) -> list[Path]:
    """What an earlier `make up` may have left and nobody asked for this time; namespaces stay, as some contain data."""
    with_namespaces = (SIMULATOR_ONLY, OBJECT_STORE_ONLY, ENRICHMENT_ONLY)
    kept = {*files(wanted), *(paths.MANIFESTS / name for name in with_namespaces)}
    return [path for path in sorted(paths.MANIFESTS.glob("*.yaml")) if path not in kept]


def render(kubernetes_api: list[dict[str, Any]], wanted: Wanted, chosen: list[Path] | None = None) -> str:
    """All wanted manifests, or the chosen ones, as one text."""
    pods = OF_CNPG if wanted.cnpg else OF_STATEFULSET
    in_cluster = [{"namespaceSelector": IN_DATA_PLATFORM, "podSelector": pods}]
    values = {
        "kubernetes_api": json.dumps(kubernetes_api),
        "postgres": json.dumps(EXTERNAL_POSTGRES if wanted.is_warehouse_external else in_cluster),
        "postgres_pods": json.dumps(pods),
        "postgres_port": str(wanted.warehouse_port),
        "airflow_image": versions().images["airflow"],
        "etl_annotations": json.dumps({ROLE: wanted.pods_role} if wanted.pods_role else {}),
        "alert_ports": json.dumps(_tcp(wanted.alert_ports)),
        "archive_ports": json.dumps(_tcp(wanted.archive_ports)),
        "ingress_from": json.dumps([_peer(wanted.ingress_from)]),
    }
    texts = (
        Template(path.read_text(encoding="utf-8")).substitute(values)
        for path in (files(wanted) if chosen is None else chosen)
    )
    return "\n---\n".join(texts)


def kubernetes_api(cluster: Cluster) -> list[dict[str, Any]]:
    """Egress rules for the API server: the addresses behind its Service, and the Service's own.

    Both, as most network plugins look at a packet after the Service's address has been replaced, but a few before.
    """
    rules = []
    for part in cluster.list("endpointslices", "default", "--selector", "kubernetes.io/service-name=kubernetes"):
        addresses = [address for endpoint in part["endpoints"] for address in endpoint["addresses"]]
        rules.append(_rule(addresses, [port["port"] for port in part["ports"]]))
    service = cluster.find("service", "kubernetes", "default")
    if not rules or service is None:
        raise ConfigError(
            "The cluster does not list the address of its API server.",
            hint="`kubectl -n default get endpointslices,service` should show `kubernetes`.",
        )
    rules.append(_rule(service["spec"]["clusterIPs"], [port["port"] for port in service["spec"]["ports"]]))
    return rules


def _peer(place: str) -> dict[str, Any]:
    """A namespace, or a network."""
    if "/" in place:
        return {"ipBlock": {"cidr": place}}
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": place}}}


def _rule(addresses: list[str], ports: list[int]) -> dict[str, Any]:
    blocks = [{"ipBlock": {"cidr": str(ipaddress.ip_network(address))}} for address in sorted(addresses)]
    return {"to": blocks, "ports": _tcp(sorted(ports))}


def _tcp(ports: Iterable[int]) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": port} for port in ports]
