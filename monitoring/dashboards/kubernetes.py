"""Kubernetes: are the platform's pods healthy, how much of their requests do they use, how full are quota and disks."""

from __future__ import annotations

from grafana_foundation_sdk.builders.stat import Panel as StatPanel
from grafana_foundation_sdk.builders.table import Panel as TablePanel
from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards.elements import (
    CPUS,
    DASHED_LINE,
    NONE_IS_GOOD,
    POD_REASONS,
    Column,
    Query,
    Thresholds,
    to_dashboard,
)
from monitoring.dashboards.layout import Row, dashboard_of, variable
from monitoring.dashboards.limits import LIMITS
from monitoring.dashboards.panels import events_panel, gauge_panel, series_panel, stat_panel, table_panel
from monitoring.dashboards.queries import kubernetes as queries

SHARE = Thresholds(warn=0.8, bad=1)


def disk_stat() -> StatPanel:
    """Free space on the fullest disk."""
    return stat_panel(
        "Free node disk",
        "Free share of the fullest disk, with volumes that are its folders. When nearly full, pods are evicted.",
        Query(queries.LEAST_DISK_FREE),
        unit="percentunit",
        thresholds=Thresholds(warn=0.2, bad=LIMITS["NodeDiskFillingUp"], falling=True),
        alert="NodeDiskFillingUp",
        link=to_dashboard("kubernetes"),
    )


def use_by_namespace(title: str) -> TablePanel:
    """A row for each namespace of the platform: usage and requests side by side."""
    return table_panel(
        title,
        "Requests are reserved for pods whether they use them or not. Usage above a request may be taken back.",
        {"namespace": Column("Namespace", link=to_dashboard("kubernetes", namespace="${__value.raw}"))},
        [
            (Column("CPU used", CPUS), queries.PLATFORM_CPU),
            (Column("CPU requested", CPUS), queries.PLATFORM_CPU_REQUESTED),
            (Column("Memory used", "bytes"), queries.PLATFORM_MEMORY),
            (Column("Memory requested", "bytes"), queries.PLATFORM_MEMORY_REQUESTED),
            (Column("Volumes", "bytes"), queries.PLATFORM_CLAIMED_BY_NAMESPACE),
        ],
        sort="Memory used",
    )


def build() -> Dashboard:
    """Dashboard `kubernetes`."""
    return dashboard_of(
        "kubernetes",
        "Kubernetes",
        "Whether the platform's pods are healthy, what they use of their requests, and how full quota and disks are.",
        {
            "Is it healthy?": _health(),
            "Which pods are there?": _pods(),
            "What do they use?": _usage(),
            "Is there room for the pipeline?": _quota(),
            "Are disks filling up?": _disks(),
        },
        variables=[
            variable(
                "namespace",
                "Namespace",
                queries.PLATFORM_NAMESPACES,
                everything=queries.NAMESPACES,
            )
        ],
        alerts="Kubernetes.*|EtlPod.*|Volume.*|Node.*",
    )


def _health() -> Row:
    return [
        stat_panel(
            "Pods not ready",
            "Pods that should be running but are not, or not yet. Pods that have ended do not count.",
            Query(queries.PODS_NOT_READY),
            thresholds=NONE_IS_GOOD,
            alert="KubernetesPodRestarting",
        ),
        stat_panel(
            "Restarts",
            "Restarts of containers within the last hour; red where the alert fires for a single container.",
            Query(queries.RESTARTS_LAST_HOUR),
            thresholds=Thresholds(warn=1, bad=LIMITS["KubernetesPodRestarting"]),
            decimals=0,
            alert="KubernetesPodRestarting",
        ),
        stat_panel(
            "Steps out of memory",
            "Pods of the pipeline that were killed within the last hour for exceeding their memory limit.",
            Query(queries.STEPS_OUT_OF_MEMORY),
            thresholds=NONE_IS_GOOD,
            alert="EtlPodOutOfMemory",
        ),
        stat_panel(
            "Node CPU requested",
            "Share of all nodes' CPUs that is requested. At 100 % no further pod fits.",
            Query(queries.NODES_CPU_REQUESTED),
            unit="percentunit",
            thresholds=SHARE,
            alert="EtlPodFailed",
        ),
        stat_panel(
            "Node memory requested",
            "Share of all nodes' memory that is requested. At 100 % no further pod fits.",
            Query(queries.NODES_MEMORY_REQUESTED),
            unit="percentunit",
            thresholds=SHARE,
            alert="EtlPodFailed",
        ),
        disk_stat(),
    ]


def _pods() -> Row:
    return [
        table_panel(
            "How is each pod?",
            "Pods of the chosen namespaces. A container that exceeds its memory limit is killed.",
            {
                "namespace": Column("Namespace", width=110),
                "pod": Column("Pod"),
            },
            [
                (
                    Column("Ready", "short", words={1: ("✓ ready", "green"), 0: ("✗ no", "orange")}, width=90),
                    queries.POD_READY,
                ),
                (Column("Restarts", "short", Thresholds(warn=1), width=80), queries.POD_RESTARTS),
                (Column("CPU", CPUS, width=90), queries.POD_CPU),
                (Column("Memory", "bytes", width=100), queries.POD_MEMORY),
                (
                    Column("Memory / limit", "percentunit", Thresholds(warn=0.8, bad=0.95), width=130),
                    queries.POD_MEMORY_OF_LIMIT,
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
            "Pods that have not ended, by namespace.",
            Query(queries.PODS_BY_NAMESPACE, "{{namespace}}"),
            stacked=True,
            span=8,
            height=12,
        ),
    ]


def _usage() -> Row:
    return [
        series_panel(
            "How much of the requested CPU is used?",
            "CPUs in use by namespace, and what its pods request (dashed).",
            Query(queries.CPU, "{{namespace}}"),
            Query(queries.CPU_REQUESTED, "{{namespace}}: requested"),
            unit=CPUS,
        ).override_by_regexp(".*: requested", DASHED_LINE),
        series_panel(
            "How much of the requested memory is used?",
            "Working sets by namespace, and what its pods request (dashed).",
            Query(queries.MEMORY, "{{namespace}}"),
            Query(queries.MEMORY_REQUESTED, "{{namespace}}: requested"),
            unit="bytes",
        ).override_by_regexp(".*: requested", DASHED_LINE),
        series_panel(
            "Which pods are near their memory limit?",
            "Memory of each pod as a share of its containers' limits; a container at 100 % is killed.",
            Query(queries.NEAREST_MEMORY_LIMIT, "{{pod}}"),
            unit="percentunit",
            thresholds=Thresholds(warn=0.8, bad=0.95),
            share=True,
            alert="EtlPodOutOfMemory",
        ),
        events_panel(
            "Was anything killed for lack of memory?",
            "Kills by the kernel, by namespace. Pods of the pipeline appear below as OOMKilled.",
            Query(queries.OUT_OF_MEMORY_KILLS, "{{namespace}}"),
            colours={".*": "dark-red"},
            alert="EtlPodOutOfMemory",
        ),
    ]


def _quota() -> Row:
    return [
        gauge_panel(
            "How much of etl's quota is used?",
            "When the quota is used up, new pods cannot start and their tasks are retried.",
            Query(queries.QUOTA_USED, "{{resource}}"),
            thresholds=SHARE,
            no_value="no quota",
            span=12,
            alert="EtlPodFailed",
        ),
        events_panel(
            "How did the pods of steps end?",
            "Each attempt of a step is a pod, deleted when it ends; the DAGs count the reasons.",
            Query(queries.ETL_PODS_ENDED, "{{dag_id}}: {{reason}}"),
            colours=POD_REASONS,
            alert="EtlPodFailed",
        ),
    ]


def _disks() -> Row:
    return [
        series_panel(
            "How much node disk is free?",
            "Includes volumes where they are folders on the node, as on kind and Docker Desktop.",
            Query(queries.NODE_DISK_FREE, "{{node}} {{device}}"),
            unit="percentunit",
            thresholds=Thresholds(warn=0.2, bad=LIMITS["NodeDiskFillingUp"], falling=True),
            share=True,
            span=8,
            alert="NodeDiskFillingUp",
        ),
        series_panel(
            "How much of each volume is free?",
            "Only CSI volumes, as clouds have them, report this.",
            Query(queries.VOLUME_FREE, "{{namespace}}/{{persistentvolumeclaim}}"),
            unit="percentunit",
            thresholds=Thresholds(warn=0.2, bad=LIMITS["VolumeFillingUp"], falling=True),
            share=True,
            no_value="not reported by this storage class; see the node's disk",
            span=8,
            alert="VolumeFillingUp",
        ),
        table_panel(
            "Which volumes are there?",
            "Volume claims and the size they request.",
            {
                "namespace": Column("Namespace", width=110),
                "persistentvolumeclaim": Column("Claim"),
            },
            [(Column("Requested", "bytes", width=100), queries.CLAIMED)],
            sort="Requested",
            no_value="no claims",
            span=8,
            alert="VolumeFillingUp",
        ),
    ]
