"""Checks before anything is changed. All of them run; each that fails says what to do."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

from etl.core.errors import AccessError, ConfigError, PlatformError
from k8s.installer import console
from k8s.installer.cluster import helm, shell
from k8s.installer.cluster.kind import KIND_CONTEXT
from k8s.installer.cluster.kubectl import NAMESPACES, Cluster, Object
from k8s.installer.install import argocd, capacity, cnpg, database, images
from k8s.installer.install.options import Options
from k8s.installer.install.releases import WAREHOUSE
from k8s.installer.versions import number, versions

LOCAL = re.compile(r"kind-.*|k3d-.*|docker-desktop|minikube|orbstack|rancher-desktop|colima.*|microk8s")

# Network plugins by the DaemonSet that runs them.
ENFORCING = ("calico-node", "cilium", "canal", "kube-router", "antrea-agent", "anetd", "ovnkube-node", "azure-npm")
NEWER = (
    "Use the checkout that installed it, or a newer one (git pull). To go back for good, first restore a backup of "
    "that time: docs/how-to/restore-a-backup.md."
)
KINDNET_ENFORCES_SINCE = 20240813  # the date in its image's tag, of kind 0.24


class Level(StrEnum):
    """How a check ended."""

    GOOD = "✓"
    WARNING = "!"
    FAILED = "✗"


@dataclass(frozen=True)
class Finding:
    """The result of a check in one line, and what to do about it."""

    level: Level
    text: str
    hint: str = ""


good, warning, failed = (partial(Finding, level) for level in Level)


@dataclass(frozen=True)
class Facts:
    """What kubectl reports about the cluster, asked once."""

    context: str
    version: Object
    objects: list[Object] = field(repr=False)
    may_create_namespaces: bool = True
    server: database.Facts | None = None
    noted: str = ""  # the version of the warehouse when it could last be asked
    warehouse_host: str | None = (
        None  # of the installed platform, blank for a server in the cluster; None: not installed
    )
    applied_by_argo_cd: bool = False
    holders: frozenset[str] = frozenset()  # which kinds of server have data in the cluster: postgres, cnpg

    def of(self, kind: str) -> list[Object]:
        return [item for item in self.objects if item["kind"] == kind]


def check_all(cluster: Cluster, options: Options) -> list[Finding]:
    """All checks of the cluster; a single finding if it does not answer."""
    try:
        return check_cluster(gather(cluster), options)
    except PlatformError as error:
        return [failed(f"context {cluster.context}: {error.message}", error.hint)]


def gather(cluster: Cluster) -> Facts:
    """Ask the cluster. Raises: TransientError if it does not answer."""
    kinds = "nodes,storageclasses,daemonsets,pods"
    with ThreadPoolExecutor() as pool:
        version = pool.submit(cluster.kubectl, "version", "--output=json")
        objects = pool.submit(cluster.list, kinds)
        may = pool.submit(_may_create_namespaces, cluster)
        server = pool.submit(_server, cluster)
        noted = pool.submit(database.noted, cluster)
        host = pool.submit(_warehouse_host, cluster)
        holders = pool.submit(cnpg.holders, cluster)
        by_argo_cd = pool.submit(argocd.applies, cluster)
        found = json.loads(version.result())
        return Facts(
            cluster.context,
            found,
            objects.result(),
            may.result(),
            server.result(),
            noted.result(),
            host.result(),
            by_argo_cd.result(),
            holders.result(),
        )


def _warehouse_host(cluster: Cluster) -> str | None:
    try:
        return str((helm.values(cluster, WAREHOUSE.key).get("external") or {}).get("host", ""))
    except shell.ToolError:  # not installed
        return None


def _server(cluster: Cluster) -> database.Facts | None:
    try:
        return database.ask(cluster)
    except PlatformError:  # there is none yet, or it is down
        return None


def _may_create_namespaces(cluster: Cluster) -> bool:
    try:
        return cluster.kubectl("auth", "can-i", "create", "namespaces", "--quiet") is not None
    except shell.ToolError:
        return False


def check_tools(options: Options) -> list[Finding]:
    """The programs on this machine, and their versions."""
    wanted = ["kubectl", "helm", options.image_tool]
    needs_kind = options.cluster == "kind" or (options.cluster.startswith("kind-") and not options.image_load)
    if needs_kind:
        wanted.append("kind")
    with ThreadPoolExecutor() as pool:
        return list(pool.map(check_tool, wanted))


def check_tool(program: str) -> Finding:
    """Whether a program is installed and new enough."""
    if shutil.which(program) is None:
        return failed(f"{program} is not installed on this machine.", shell.INSTALL[program])
    arguments = {
        "kubectl": ["version", "--client", "--output=json"],
        "helm": ["version", "--template={{.Version}}"],
        "kind": ["version"],
        "docker": ["info", "--format={{.ServerVersion}}"],  # asks its engine, too
        "buildah": ["--version"],
    }[program]
    try:
        printed = shell.run([program, *arguments])
    except PlatformError as error:
        return failed(f"{program}: {error.message}", error.hint)
    have = number(json.loads(printed)["clientVersion"]["gitVersion"] if program == "kubectl" else printed)
    least = versions().tools.get(program)
    text = ".".join(map(str, have))
    if least is not None and have < number(least):
        return failed(f"{program} {text} is too old; at least {least} is needed.", shell.INSTALL[program])
    return good(f"{program} {text}")


def check_version(facts: Facts) -> Finding:
    """Whether our manifests are validated against this Kubernetes."""
    server = facts.version["serverVersion"]["gitVersion"]
    oldest, newest = versions().kubernetes["oldest"], versions().kubernetes["newest"]
    if number(server)[:2] < number(oldest):
        return failed(f"Kubernetes {server} is too old; at least {oldest} is needed.", "Upgrade the cluster.")
    if number(server)[:2] > number(newest):
        return warning(f"Kubernetes {server} is newer than the tested versions, {oldest} to {newest}.")
    return good(f"Kubernetes {server} in context {facts.context}")


def check_permission(facts: Facts) -> Finding:
    """Whether the user may install at all."""
    if facts.may_create_namespaces:
        return good("you may create namespaces")
    return failed(
        "You may not create namespaces here.", "Use a context with the rights of a cluster administrator: CLUSTER=…."
    )


def check_capacity(facts: Facts, options: Options) -> Finding:
    """Whether our requests fit beside those of others."""
    free, needs = capacity.free(facts.of("Node"), facts.of("Pod")), capacity.needed(options)
    if free is None:
        return failed("No node of the cluster is ready.", "`kubectl describe nodes` says why.")
    if not free.holds(needs):
        return failed(
            f"The cluster is too small: {free} are free, {needs} are needed.",
            "Give it more (in Docker Desktop: Settings, Resources), or remove other things from it.",
        )
    return good(f"{free} free ({needs} are needed)")


def check_storage(facts: Facts) -> Finding:
    """Whether claims without a class get a volume."""
    names = [item["metadata"]["name"] for item in facts.of("StorageClass") if is_default_class(item)]
    if names:
        return good(f"default StorageClass {names[0]}")
    return failed(
        "The cluster has no default StorageClass.",
        "Mark one: kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true",
    )


def check_policies(facts: Facts) -> Finding:
    """Whether the cluster's network plugin is known to enforce NetworkPolicies."""
    node_versions = {node["status"]["nodeInfo"]["kubeletVersion"] for node in facts.of("Node")}
    if any("+k3s" in version for version in node_versions):
        return good("NetworkPolicies are enforced (k3s)")
    for item in facts.of("DaemonSet"):
        name = item["metadata"]["name"]
        if name in ENFORCING:
            return good(f"NetworkPolicies are enforced ({name})")
        if name == "kindnet":
            return _check_kindnet(item)
        if name == "aws-node":
            return _check_aws(item)
    return warning(
        "It is not known whether this cluster enforces NetworkPolicies; if it does not, any pod can reach any other.",
        "Calico, Cilium and kind 0.24 or later do; Docker Desktop's own network does not.",
    )


def _check_kindnet(item: Object) -> Finding:
    image = item["spec"]["template"]["spec"]["containers"][0]["image"]
    date = re.search(r":v(\d{8})", image)
    if date and int(date[1]) < KINDNET_ENFORCES_SINCE:
        return warning(
            "This kind cluster does not enforce NetworkPolicies.",
            "kind 0.24 or later makes clusters that do: `make destroy CLUSTER=kind`, then `make up CLUSTER=kind`.",
        )
    return good("NetworkPolicies are enforced (kindnet)")


def _check_aws(item: Object) -> Finding:
    text = json.dumps(item["spec"]["template"]["spec"]["containers"])
    if "--enable-network-policy=true" in text:
        return good("NetworkPolicies are enforced (Amazon VPC CNI)")
    return warning(
        "The Amazon VPC CNI of this cluster does not enforce NetworkPolicies.",
        'Set its add-on to {"enableNetworkPolicy": "true"}.',
    )


def check_operator(facts: Facts) -> Finding:
    """Whether another Prometheus operator would fight with ours over the same objects."""
    for pod in facts.of("Pod"):
        if pod["metadata"]["namespace"] in NAMESPACES or pod["status"].get("phase") != "Running":
            continue
        for container in pod["spec"]["containers"]:
            arguments = " ".join(container.get("args", []))
            if re.search("/prometheus-operator[:@]", container["image"]) and "--namespaces" not in arguments:
                where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
                return failed(
                    f"Another Prometheus operator already watches this whole cluster: {where}.",
                    "Restrict it to its namespaces (--namespaces), or use another cluster.",
                )
    return good("no other Prometheus operator")


def check_argo_cd(facts: Facts) -> Finding:
    """Whether Argo CD would undo what is changed here."""
    if facts.applied_by_argo_cd:
        return failed(
            "Argo CD applies this platform and would undo what `make up` changes.",
            f"Change what its repository has. Or leave Argo CD, which removes nothing else: {argocd.LEAVE}",
        )
    return good("no Argo CD applies this platform")


def check_data(facts: Facts) -> Finding:
    """Whether this checkout can read what a newer one may have written; otherwise nothing must change."""
    has, knows = facts.server.version if facts.server else facts.noted, database.newest()
    if has > knows:
        return failed(f"The warehouse has version {has}, and this checkout knows only {knows}.", NEWER)
    if facts.server:
        wanted = versions().images
        if number(facts.server.airflow) > number(wanted["airflow"]):
            message = f"Airflow's database is of version {facts.server.airflow}, newer than {wanted['airflow']}."
            return failed(message, NEWER)
        if str(facts.server.major) != re.split(r"\D", images.tag_of(wanted["postgres"]))[0]:
            message = (
                f"The data is from PostgreSQL {facts.server.major}, and this checkout brings {wanted['postgres']}."
            )
            return failed(message, "docs/how-to/upgrade.md says how to change the major version.")
    return good(f"the warehouse has version {has}; this checkout brings {knows}" if has else "no warehouse yet")


def check_place(facts: Facts, options: Options) -> Finding:
    """Whether the warehouse stays where it is: a platform cannot change over to another one while it runs."""
    wanted = options.warehouse_address[0] if options.warehouse_host else ""
    has = facts.warehouse_host
    if has is None or has == wanted or (has and wanted):  # from one server outside to another: a restored one
        return good(f"the warehouse is {'in the cluster' if not wanted else f'at {wanted}'}")
    again = f"make up WAREHOUSE_HOST={has} WAREHOUSE_CA=FILE" if has else "make up, without WAREHOUSE_HOST"
    return failed(
        f"The warehouse of this platform is {f'at {has}' if has else 'in the cluster'}, and that would change.",
        f"If it is to stay there: {again}. If not: `make down`, which keeps the data, and then `make up` as now.",
    )


def check_kind(facts: Facts, options: Options) -> Finding:
    """Whether the server that is wanted has the data: another kind would begin with nothing, in silence."""
    wanted = options.warehouse
    others = facts.holders - {wanted}
    if options.warehouse_host or not others or wanted in facts.holders:
        return good("CloudNativePG runs the warehouse" if options.cnpg else "one server, or none of ours")
    [has] = others
    return failed(
        f"The warehouse's data is in a server of kind {has}; WAREHOUSE={wanted} would begin without it.",
        f"If it is to stay there: make up WAREHOUSE={has} (or `warehouse` in the environment's file). "
        "To move it: docs/how-to/a-warehouse-that-fails-over.md.",
    )


def check_loading(facts: Facts, options: Options) -> Finding:
    """Whether the nodes can get our image."""
    if options.image_registry:
        return good(f"the image is pushed to {options.image_registry}")
    try:
        command = images.loader(facts.context, options)
    except ConfigError as error:
        if images.has_image(facts.of("Node"), images.name(options)):
            return good("the nodes have the image")
        return failed(error.message, error.hint)
    how = f"the image is loaded with `{' '.join(command)}`" if command else "the nodes share this machine's images"
    return good(how)


CHECKS: tuple[Callable[[Facts], Finding], ...] = (
    check_version,
    check_permission,
    check_storage,
    check_policies,
    check_operator,
    check_argo_cd,
    check_data,
)


def check_cluster(facts: Facts, options: Options) -> list[Finding]:
    """The findings from these facts."""
    asks_options = (check_capacity, check_place, check_kind, check_loading)
    return [*(check(facts) for check in CHECKS), *(check(facts, options) for check in asks_options)]


def show(findings: Iterable[Finding]) -> None:
    """Print the findings and what to do about them. Raises: ConfigError if any failed."""
    bad = []
    for finding in findings:
        console.say(f"  {finding.level} {finding.text}")
        if finding.hint:
            console.say(f"    {finding.hint}")
        if finding.level is Level.FAILED:
            bad.append(finding)
    if bad:
        if len(bad) == 1:
            raise ConfigError(bad[0].text, hint=bad[0].hint)
        raise ConfigError(f"{len(bad)} checks failed.", hint="Nothing was changed. Fix them, then `make up` again.")


def require_agreement(context: str, options: Options) -> None:
    """Pass if it is a local cluster, one that was named, or one that the user confirms. Raises: AccessError."""
    if options.yes or options.cluster or LOCAL.fullmatch(context) or context == KIND_CONTEXT:
        return
    if not console.confirmed(f"Install into context '{context}', which is not a known local cluster? [yes/no]"):
        raise AccessError(
            f"Nothing was changed: context '{context}' is not a known local cluster.",
            hint=f"If it is the right one, name it: CLUSTER={context} (or set YES=1).",
        )


def is_default_class(item: Object) -> bool:
    """Whether a StorageClass is the default."""
    annotations: dict[str, Any] = item["metadata"].get("annotations", {})
    names = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
    return any(annotations.get(name) == "true" for name in names)
