"""Argo CD beside the installer: only one of them may change a platform, and the other can take it over."""

from __future__ import annotations

from k8s.installer.cluster import shell
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.install.readiness import Snapshot

NAMESPACE = "argocd"
NAME = "data-platform"  # of the Application of Applications; the others' names begin with it
LABEL = {"app.kubernetes.io/part-of": NAME}
TRACKING = "argocd.argoproj.io/tracking-id"  # names the Application that an object belongs to
LEAVE = f"kubectl delete applications --namespace {NAMESPACE} --selector=app.kubernetes.io/part-of={NAME}"


def applies(cluster: Cluster) -> bool:
    """Whether Argo CD applies an export to this cluster."""
    try:
        # `kubectl get applications` would ask for every kind there is before it says that it does not know this one.
        cluster.kubectl("get", "--raw", f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications/{NAME}")
    except shell.ToolError:
        return False
    return True


def has_applied(snapshot: Snapshot) -> bool:
    """Whether the workloads of a namespace came from an export."""
    tracked = (one["metadata"].get("annotations", {}).get(TRACKING, "") for one in snapshot.items)
    return any(one.startswith(f"{NAME}-") for one in tracked)
