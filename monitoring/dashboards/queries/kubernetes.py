"""Queries of the dashboard `kubernetes`."""

from __future__ import annotations

from monitoring.dashboards.promql import WINDOW, happened, or_zero

NAMESPACES = "data-platform|etl|airflow|monitoring|simulator|object-store|enrichment"
PLATFORM = f'namespace=~"{NAMESPACES}"'
CHOSEN = 'namespace=~"$namespace"'
ANYWHERE = 'namespace!=""'
POD = 'job="kubelet", pod!="", container="", image=""'  # a pod's own cgroup: all containers together, on every runtime
NOT_ENDED = f'phase=~"Pending|Running|Unknown", {CHOSEN}'
PLATFORM_NAMESPACES = f"label_values(kube_namespace_status_phase{{{PLATFORM}}}, namespace)"


def cpu(where: str, by: str = "namespace") -> str:
    """CPUs in use."""
    return f"sum by ({by}) (rate(container_cpu_usage_seconds_total{{{POD}, {where}}}[{WINDOW}]))"


def memory(where: str, by: str = "namespace") -> str:
    """Working sets in bytes."""
    return f"sum by ({by}) (container_memory_working_set_bytes{{{POD}, {where}}})"


def reserved(kind: str, resource: str, where: str, by: str = "namespace") -> str:
    """The `requests` or `limits` of running pods; pods that have ended hold none."""
    running = 'max by (namespace, pod) (kube_pod_status_phase{phase=~"Pending|Running"} > 0)'
    return (
        f'sum by ({by}) (max by (namespace, pod, container) (kube_pod_container_resource_{kind}{{resource="{resource}",'
        f" {where}}}) * on (namespace, pod) group_left () {running})"
    )


PLATFORM_CPU = cpu(PLATFORM)
PLATFORM_CPU_REQUESTED = reserved("requests", "cpu", PLATFORM)
PLATFORM_MEMORY = memory(PLATFORM)
PLATFORM_MEMORY_REQUESTED = reserved("requests", "memory", PLATFORM)
PLATFORM_CLAIMED = (
    "max by (namespace, persistentvolumeclaim)"
    f" (kube_persistentvolumeclaim_resource_requests_storage_bytes{{{PLATFORM}}})"
)
PLATFORM_CLAIMED_BY_NAMESPACE = f"sum by (namespace) ({PLATFORM_CLAIMED})"

PODS_NOT_READY = (
    f'sum(max by (namespace, pod) (kube_pod_status_ready{{condition!="true", {CHOSEN}}})'
    f" * on (namespace, pod) group_left () max by (namespace, pod)"
    f" (kube_pod_status_phase{{{NOT_ENDED}}})) or vector(0)"
)
RESTARTS_LAST_HOUR = f"sum(increase(kube_pod_container_status_restarts_total{{{CHOSEN}}}[1h])) or vector(0)"
STEPS_OUT_OF_MEMORY = or_zero('task:etl_pods_ended:increase1h{reason="OOMKilled"}')
NODES_CPU_REQUESTED = (
    f"sum({reserved('requests', 'cpu', ANYWHERE)})"
    ' / sum(max by (node) (kube_node_status_allocatable{resource="cpu"}))'
)
NODES_MEMORY_REQUESTED = (
    f"sum({reserved('requests', 'memory', ANYWHERE)})"
    ' / sum(max by (node) (kube_node_status_allocatable{resource="memory"}))'
)
NODE_DISK_FREE = "node:disk_free:ratio"
LEAST_DISK_FREE = f"min({NODE_DISK_FREE})"

POD_READY = f'max by (namespace, pod) (kube_pod_status_ready{{condition="true", {CHOSEN}}})'
POD_RESTARTS = f"sum by (namespace, pod) (kube_pod_container_status_restarts_total{{{CHOSEN}}})"
POD_CPU = cpu(CHOSEN, "namespace, pod")
POD_MEMORY = memory(CHOSEN, "namespace, pod")
POD_MEMORY_OF_LIMIT = f"{POD_MEMORY} / on (namespace, pod) {reserved('limits', 'memory', CHOSEN, 'namespace, pod')}"
PODS_BY_NAMESPACE = f"sum by (namespace) (max by (namespace, pod) (kube_pod_status_phase{{{NOT_ENDED}}}))"

CPU = cpu(CHOSEN)
CPU_REQUESTED = reserved("requests", "cpu", CHOSEN)
MEMORY = memory(CHOSEN)
MEMORY_REQUESTED = reserved("requests", "memory", CHOSEN)
NEAREST_MEMORY_LIMIT = f"topk(10, {POD_MEMORY_OF_LIMIT})"
OUT_OF_MEMORY_KILLS = f'sum by (namespace) (increase(container_oom_events_total{{pod!="", {CHOSEN}}}[{WINDOW}]))'

QUOTA_USED = (
    'max by (resource) (kube_resourcequota{namespace="etl", type="used"})'
    ' / on (resource) (max by (resource) (kube_resourcequota{namespace="etl", type="hard"}) > 0)'
)
ETL_PODS_RUNNING = 'sum(kube_pod_status_phase{namespace="etl", phase="Running"}) or vector(0)'
ETL_PODS_ENDED = happened("etl_pods_ended_total", "dag_id, reason")

VOLUME_FREE = f"persistentvolumeclaim:volume_free:ratio{{{CHOSEN}}}"
CLAIMED = (
    "max by (namespace, persistentvolumeclaim)"
    f" (kube_persistentvolumeclaim_resource_requests_storage_bytes{{{CHOSEN}}})"
)
