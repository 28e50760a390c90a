"""`make down` takes the platform away and keeps its data; `make destroy` takes the data, too."""

from __future__ import annotations

from functools import partial

from etl.core.errors import AccessError
from k8s.platform import console, installed, kind, lease, releases
from k8s.platform.cluster import ETL, MONITORING, NAMESPACES, Cluster
from k8s.platform.options import KIND_CONTEXT, context_of
from k8s.platform.releases import STACK, Release
from k8s.platform.steps import Running, Step, carry_out


def down(cluster_option: str) -> None:
    """Uninstall every release; volumes, Secrets and policies stay."""
    cluster = installed.find(cluster_option)
    with lease.held(cluster):
        _uninstall(cluster)
    console.say("\nThe platform is down; its data, Secrets and policies are kept.")
    console.say("Next: make up (all of it comes back) · make destroy (the data goes, too)")


def destroy(cluster_option: str, *, yes: bool) -> None:
    """Remove everything, after asking. Raises: AccessError if nobody agreed."""
    context = context_of(cluster_option)
    question = f"Everything of the platform in context '{context}' goes, its data as well. Type the context's name:"
    if not yes and not console.confirmed(question, answer=context):
        raise AccessError("Nothing was changed, as nobody agreed.", hint="At a terminal it asks; elsewhere say YES=1.")
    if context == KIND_CONTEXT:
        console.say(f"Removing kind cluster {context.removeprefix('kind-')} …")
        kind.delete()
        return
    cluster = installed.find(cluster_option)
    _uninstall(cluster)
    existing = {item["metadata"]["name"] for item in cluster.list("namespaces")}
    ours = [name for name in NAMESPACES if name in existing]
    console.say("  … removing namespaces and volumes")
    cluster.kubectl("delete", "namespace", *ours, "--timeout=300s")
    console.say("\nThe platform is gone, data included.")


def _uninstall(cluster: Cluster) -> None:
    """Those that use others first; pods of runs that nobody watches any more go, too."""
    present = releases.revisions(cluster)
    ours = [one for one in releases.present(present) if (one.namespace, one.name) in present]
    names = {release.name for release in ours}
    steps = []
    for release in ours:
        users = tuple(other.name for other in ours if release.name in other.needs)
        steps.append(Step(release.name, users, partial(_one, cluster, release)))
    if ours:
        after = ("airflow",) if "airflow" in names else ()
        steps.append(Step("pods of runs", after, partial(_pods_of_runs, cluster)))
    carry_out(steps, console.Progress())


def _one(cluster: Cluster, release: Release, running: Running) -> str:
    running.note("helm uninstall")
    what = releases.uninstall(cluster, release)
    if release.name == STACK:  # the operator made it outside of its namespace, and nobody else would remove it
        cluster.kubectl("delete", "service", f"{STACK}-kubelet", "--namespace=kube-system", "--ignore-not-found")
        wait = (
            "--for=delete",
            "pods",
            "--selector=app.kubernetes.io/name in (prometheus,alertmanager)",
            "--timeout=60s",
        )
        cluster.kubectl("wait", *wait, "--namespace", MONITORING)
    return what


def _pods_of_runs(cluster: Cluster, _running: Running) -> str:
    cluster.kubectl("delete", "pods", "--all", "--namespace", ETL, "--timeout=60s")
    return "removed"
