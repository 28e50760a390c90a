"""Kubernetes: are the platform's pods well, what do they use of what they asked for, how full are quota and disks."""

from __future__ import annotations

from grafana_foundation_sdk.builders.stat import Panel as StatPanel
from grafana_foundation_sdk.builders.table import Panel as TablePanel
from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards.airflow import REASONS
from monitoring.dashboards.panels import (
    CPUS,
    DASHED_LINE,
    LIMITS,
    NONE_IS_WELL,
    Column,
    Query,
    Thresholds,
    dashboard_of,
    events_panel,
    gauge_panel,
    series_panel,
    stat_panel,
    table_panel,
    to_dashboard,
    variable,
)
from monitoring.dashboards.queries import WINDOW, happened, or_zero

NAMESPACES = "data-platform|etl|airflow|monitoring|simulator|object-store"
PLATFORM = f'namespace=~"{NAMESPACES}"'
CHOSEN = 'namespace=~"$namespace"'
POD = 'job="kubelet", pod!="", container="", image=""'  # a pod's own cgroup: all containers together, on every runtime


def cpu(where: str, by: str = "namespace") -> str:
    """CPUs in use."""
    return f"sum by ({by}) (rate(container_cpu_usage_seconds_total{{{POD}, {where}}}[{WINDOW}]))"


def memory(where: str, by: str = "namespace") -> str:
    """Working sets in bytes."""
    return f"sum by ({by}) (container_memory_working_set_bytes{{{POD}, {where}}})"


def asked(what: str, resource: str, where: str, by: str = "namespace") -> str:
    """Requests or limits of pods that run; those of pods that have ended ask for nothing any more."""
    running = 'max by (namespace, pod) (kube_pod_status_phase{phase=~"Pending|Running"} > 0)'
    return (
        f'sum by ({by}) (max by (namespace, pod, container) (kube_pod_container_resource_{what}{{resource="{resource}",'
        f" {where}}}) * on (namespace, pod) group_left () {running})"
    )


CPU = cpu(PLATFORM)
MEMORY = memory(PLATFORM)
CLAIMED = (
    "max by (namespace, persistentvolumeclaim)"
    f" (kube_persistentvolumeclaim_resource_requests_storage_bytes{{{PLATFORM}}})"
)
ANYWHERE = 'namespace!=""'
NODES_CPU = 'max by (node) (kube_node_status_allocatable{resource="cpu"})'
NODES_MEMORY = 'max by (node) (kube_node_status_allocatable{resource="memory"})'
SHARE = Thresholds(warn=0.8, bad=1)


def disk_stat() -> StatPanel:
    """What is left of the fullest disk."""
    return stat_panel(
        "Node's disk left",
        "Of a node's fullest disk; nearly full, Kubernetes evicts pods. Where volumes are folders, they are in here.",
        Query("min(node:disk_free:ratio)"),
        unit="percentunit",
        thresholds=Thresholds(warn=0.2, bad=LIMITS["NodeDiskFillingUp"], falling=True),
        alert="NodeDiskFillingUp",
        link=to_dashboard("kubernetes"),
    )


def use_by_namespace(title: str) -> TablePanel:
    """A row for each namespace of the platform: use and requests side by side."""
    return table_panel(
        title,
        "Requests are kept free for pods whether they use them or not. Use above a request is on loan.",
        {"namespace": Column("Namespace", link=to_dashboard("kubernetes", namespace="${__value.raw}"))},
        [
            (Column("CPU used", CPUS), CPU),
            (Column("CPU asked", CPUS), asked("requests", "cpu", PLATFORM)),
            (Column("Memory used", "bytes"), MEMORY),
            (Column("Memory asked", "bytes"), asked("requests", "memory", PLATFORM)),
            (Column("Volumes", "bytes"), f"sum by (namespace) ({CLAIMED})"),
        ],
        sort="Memory used",
    )


def build() -> Dashboard:
    """Dashboard `kubernetes`."""
    return dashboard_of(
        "kubernetes",
        "Kubernetes",
        "Whether the platform's pods are well, what they use of what they asked for, how full quota and disks are.",
        {
            "Is it well?": [
                stat_panel(
                    "Pods not ready",
                    "Pods that should run and do not, or not yet. Those that have ended do not count.",
                    Query(
                        f'sum(max by (namespace, pod) (kube_pod_status_ready{{condition!="true", {CHOSEN}}})'
                        f" * on (namespace, pod) group_left () max by (namespace, pod)"
                        f' (kube_pod_status_phase{{phase=~"Pending|Running|Unknown", {CHOSEN}}})) or vector(0)'
                    ),
                    thresholds=NONE_IS_WELL,
                    alert="KubernetesPodRestarting",
                ),
                stat_panel(
                    "Restarts",
                    "Containers started anew within the last hour; red where the alert fires for a single container.",
                    Query(f"sum(increase(kube_pod_container_status_restarts_total{{{CHOSEN}}}[1h])) or vector(0)"),
                    thresholds=Thresholds(warn=1, bad=LIMITS["KubernetesPodRestarting"]),
                    decimals=0,
                    alert="KubernetesPodRestarting",
                ),
                stat_panel(
                    "Steps out of memory",
                    "Pods of the pipeline that were killed within the last hour as they wanted more than their limit.",
                    Query(or_zero('task:etl_pods_ended:increase1h{reason="OOMKilled"}')),
                    thresholds=NONE_IS_WELL,
                    alert="EtlPodOutOfMemory",
                ),
                stat_panel(
                    "CPU asked of nodes",
                    "Share of all nodes' CPUs that requests hold. At 100 % no further pod finds room.",
                    Query(f"sum({asked('requests', 'cpu', ANYWHERE)}) / sum({NODES_CPU})"),
                    unit="percentunit",
                    thresholds=SHARE,
                    alert="EtlPodFailed",
                ),
                stat_panel(
                    "Memory asked of nodes",
                    "Share of all nodes' memory that requests hold. At 100 % no further pod finds room.",
                    Query(f"sum({asked('requests', 'memory', ANYWHERE)}) / sum({NODES_MEMORY})"),
                    unit="percentunit",
                    thresholds=SHARE,
                    alert="EtlPodFailed",
                ),
                disk_stat(),
            ],
            "Which pods are there?": [
                table_panel(
                    "How is each pod?",
                    "Pods of the chosen namespaces. Memory above its limit kills a container.",
                    {
                        "namespace": Column("Namespace", width=110),
                        "pod": Column("Pod"),
                    },
                    [
                        (
                            Column("Ready", "short", words={1: ("✓ ready", "green"), 0: ("✗ no", "orange")}, width=90),
                            f'max by (namespace, pod) (kube_pod_status_ready{{condition="true", {CHOSEN}}})',
                        ),
                        (
                            Column("Restarts", "short", Thresholds(warn=1), width=80),
                            f"sum by (namespace, pod) (kube_pod_container_status_restarts_total{{{CHOSEN}}})",
                        ),
                        (Column("CPU", CPUS, width=90), cpu(CHOSEN, "namespace, pod")),
                        (Column("Memory", "bytes", width=100), memory(CHOSEN, "namespace, pod")),
                        (
                            Column("Memory of limit", "percentunit", Thresholds(warn=0.8, bad=0.95), width=130),
                            f"{memory(CHOSEN, 'namespace, pod')}"
                            f" / on (namespace, pod) {asked('limits', 'memory', CHOSEN, 'namespace, pod')}",
                        ),
                    ],
                    sort="Memory",
                    no_value="no pods",
                    span=16,
                    height=12,
                    alert="KubernetesPodRestarting",
                ),
                series_panel(
                    "How many pods are there?",
                    "By namespace, those that have not ended.",
                    Query(
                        "sum by (namespace) (max by (namespace, pod)"
                        f' (kube_pod_status_phase{{phase=~"Pending|Running|Unknown", {CHOSEN}}}))',
                        "{{namespace}}",
                    ),
                    stacked=True,
                    span=8,
                    height=12,
                ),
            ],
            "What do they use?": [
                series_panel(
                    "How much CPU, of what was asked?",
                    "CPUs in use by namespace, and what its pods asked for (dashed).",
                    Query(cpu(CHOSEN), "{{namespace}}"),
                    Query(asked("requests", "cpu", CHOSEN), "{{namespace}}: asked"),
                    unit=CPUS,
                ).override_by_regexp(".*: asked", DASHED_LINE),
                series_panel(
                    "How much memory, of what was asked?",
                    "Working sets by namespace, and what its pods asked for (dashed).",
                    Query(memory(CHOSEN), "{{namespace}}"),
                    Query(asked("requests", "memory", CHOSEN), "{{namespace}}: asked"),
                    unit="bytes",
                ).override_by_regexp(".*: asked", DASHED_LINE),
                series_panel(
                    "Who is near the memory limit?",
                    "Memory of each pod as a share of its containers' limits; at 100 % a container is killed.",
                    Query(
                        f"topk(10, {memory(CHOSEN, 'namespace, pod')}"
                        f" / on (namespace, pod) {asked('limits', 'memory', CHOSEN, 'namespace, pod')})",
                        "{{pod}}",
                    ),
                    unit="percentunit",
                    thresholds=Thresholds(warn=0.8, bad=0.95),
                    share=True,
                    alert="EtlPodOutOfMemory",
                ),
                events_panel(
                    "Was anything killed for want of memory?",
                    "Kills by the kernel, by namespace. Pods of the pipeline show below, as OOMKilled.",
                    Query(
                        f'sum by (namespace) (increase(container_oom_events_total{{pod!="", {CHOSEN}}}[{WINDOW}]))',
                        "{{namespace}}",
                    ),
                    colours={".*": "dark-red"},
                    alert="EtlPodOutOfMemory",
                ),
            ],
            "Is there room for the pipeline?": [
                gauge_panel(
                    "How much of etl's quota is used?",
                    "A full quota makes new pods wait: their task is tried again.",
                    Query(
                        'max by (resource) (kube_resourcequota{namespace="etl", type="used"})'
                        ' / on (resource) (max by (resource) (kube_resourcequota{namespace="etl", type="hard"}) > 0)',
                        "{{resource}}",
                    ),
                    thresholds=SHARE,
                    no_value="no quota",
                    span=12,
                    alert="EtlPodFailed",
                ),
                events_panel(
                    "How did the pods of steps end?",
                    "Each try of a step is a pod, deleted at its end; the DAGs count why it ended.",
                    Query(happened("etl_pods_ended_total", "dag_id, reason"), "{{dag_id}}: {{reason}}"),
                    colours=REASONS,
                    alert="EtlPodFailed",
                ),
            ],
            "Are disks filling up?": [
                series_panel(
                    "How much of the nodes' disks is left?",
                    "Where volumes are folders of the node, as on kind and Docker Desktop, they are in here.",
                    Query("node:disk_free:ratio", "{{node}} {{device}}"),
                    unit="percentunit",
                    thresholds=Thresholds(warn=0.2, bad=LIMITS["NodeDiskFillingUp"], falling=True),
                    share=True,
                    span=8,
                    alert="NodeDiskFillingUp",
                ),
                series_panel(
                    "How much of each volume is left?",
                    "Only CSI volumes tell, as clouds have them.",
                    Query(
                        f"persistentvolumeclaim:volume_free:ratio{{{CHOSEN}}}",
                        "{{namespace}}/{{persistentvolumeclaim}}",
                    ),
                    unit="percentunit",
                    thresholds=Thresholds(warn=0.2, bad=LIMITS["VolumeFillingUp"], falling=True),
                    share=True,
                    no_value="this storage class does not tell; the node's disk does",
                    span=8,
                    alert="VolumeFillingUp",
                ),
                table_panel(
                    "Which volumes are there?",
                    "Claims and what they ask for.",
                    {
                        "namespace": Column("Namespace", width=110),
                        "persistentvolumeclaim": Column("Claim"),
                    },
                    [
                        (
                            Column("Asked", "bytes", width=100),
                            "max by (namespace, persistentvolumeclaim)"
                            f" (kube_persistentvolumeclaim_resource_requests_storage_bytes{{{CHOSEN}}})",
                        ),
                    ],
                    sort="Asked",
                    no_value="no claims",
                    span=8,
                    alert="VolumeFillingUp",
                ),
            ],
        },
        variables=[
            variable(
                "namespace",
                "Namespace",
                f"label_values(kube_namespace_status_phase{{{PLATFORM}}}, namespace)",
                everything=NAMESPACES,
            )
        ],
        alerts="Kubernetes.*|EtlPod.*|Volume.*|Node.*",
    )
