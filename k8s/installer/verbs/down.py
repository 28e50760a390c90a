"""`make down` removes the platform and keeps its data; `make destroy` removes the data, too."""

from __future__ import annotations

from functools import partial

from etl.core.errors import AccessError
from k8s.installer import console
from k8s.installer.cluster import contexts, helm, kind, lease
from k8s.installer.cluster.kind import KIND_CONTEXT
from k8s.installer.cluster.kubectl import DATA_PLATFORM, ETL, MONITORING, NAMESPACES, Cluster
from k8s.installer.install import cnpg, releases, steps
from k8s.installer.install.jobs import JOBS
from k8s.installer.install.releases import STACK, WAREHOUSE, Release
from k8s.installer.install.steps import Running, Step


def down(cluster_option: str) -> None:
    """Uninstall every release; volumes, Secrets and policies stay."""
    cluster = contexts.installed(cluster_option)
    with lease.held(cluster):
        _uninstall(cluster)
    console.say("\nThe platform is down; its data, Secrets and policies are kept.")
    console.say("Next: make up (brings all of it back) · make destroy (removes the data, too)")


def destroy(cluster_option: str, *, yes: bool) -> None:
    """Remove everything, after asking. Raises: AccessError if nobody confirms."""
    context = contexts.chosen(cluster_option)
    question = f"This removes the platform from context '{context}', with all its data. Type the context's name:"
    if not yes and not console.confirmed(question, answer=context):
        raise AccessError(
            "Nothing was changed, because nobody confirmed.", hint="At a terminal it asks; elsewhere set YES=1."
        )
    if context == KIND_CONTEXT:
        console.say(f"Deleting kind cluster {context.removeprefix('kind-')} …")
        kind.delete()
        return
    cluster = contexts.installed(cluster_option)
    _uninstall(cluster)
    existing = {item["metadata"]["name"] for item in cluster.list("namespaces")}
    ours = [name for name in NAMESPACES if name in existing]
    console.say("  … deleting namespaces and volumes")
    cluster.kubectl("delete", "namespace", *ours, "--timeout=300s")
    console.say("\nThe platform is gone, its data included.")


def _uninstall(cluster: Cluster) -> None:
    """Each release after those that use it; pods of runs that nobody watches any more go, too."""
    revisions = helm.revisions(cluster)
    ours = [one for one in releases.present(revisions) if one.key in revisions]
    names = {release.name for release in ours}
    planned = []
    for release in ours:
        users = tuple(other.name for other in ours if release.name in other.needs)
        planned.append(Step(release.name, users, partial(_one, cluster, release)))
    if ours:
        after = ("airflow",) if "airflow" in names else ()
        planned.append(Step("pods of runs", after, partial(_pods_of_runs, cluster)))
        planned.append(Step("jobs", (), partial(_jobs, cluster)))
    steps.execute(planned, console.Progress())


def _one(cluster: Cluster, release: Release, running: Running) -> str:
    if release is WAREHOUSE and cnpg.find(cluster):  # it outlives the release, as its volumes would go with it
        running.note("its instances end")
        cnpg.hibernate(cluster)
    running.note("helm uninstall")
    helm.uninstall(cluster, *release.key)
    if release.name == STACK:  # its operator created a Service outside its namespace, and made pods of its own
        cluster.kubectl("delete", "service", f"{STACK}-kubelet", "--namespace=kube-system", "--ignore-not-found")
        pods = ("pods", "--selector=app.kubernetes.io/name in (prometheus,alertmanager)", "--namespace", MONITORING)
        cluster.kubectl("wait", "--for=delete", *pods, "--timeout=60s")
    return "removed"


def _jobs(cluster: Cluster, _running: Running) -> str:
    """What `make up` has run, and what would look after a server that is not there."""
    cluster.kubectl("delete", "cronjob", "certificate", "--namespace", DATA_PLATFORM, "--ignore-not-found")
    cluster.kubectl("delete", "jobs", *JOBS, "--namespace", DATA_PLATFORM, "--ignore-not-found", "--timeout=60s")
    return "removed"


def _pods_of_runs(cluster: Cluster, _running: Running) -> str:
    cluster.kubectl("delete", "pods", "--all", "--namespace", ETL, "--timeout=60s")
    return "removed"
