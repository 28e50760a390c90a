"""What must hold before anything is touched. All checks run; each that fails says what to do."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from etl.core.errors import ConfigError, PlatformError
from k8s.platform import console, images, shell
from k8s.platform.cluster import NAMESPACES, Cluster, Object
from k8s.platform.options import KIND_CONTEXT, Options
from k8s.platform.versions import number, versions

MIB = 1024**2

LOCAL = re.compile(r"kind-.*|k3d-.*|docker-desktop|minikube|orbstack|rancher-desktop|colima.*|microk8s")

# Network plugins by the DaemonSet that runs them.
ENFORCING = ("calico-node", "cilium", "canal", "kube-router", "antrea-agent", "anetd", "ovnkube-node", "azure-npm")
KINDNET_ENFORCES_SINCE = 20240813  # the date in its image's tag, of kind 0.24


@dataclass(frozen=True)
class Room:
    """Thousandths of a CPU and MiB of memory, as pods ask for them."""

    cpu_m: float
    memory_mib: float

    def __add__(self, other: Room) -> Room:
        return Room(self.cpu_m + other.cpu_m, self.memory_mib + other.memory_mib)

    def __sub__(self, other: Room) -> Room:
        return Room(self.cpu_m - other.cpu_m, self.memory_mib - other.memory_mib)

    def holds(self, other: Room) -> bool:
        return self.cpu_m >= other.cpu_m and self.memory_mib >= other.memory_mib

    def __str__(self) -> str:
        return f"{self.cpu_m / 1000:.1f} CPUs and {self.memory_mib / 1024:.1f} GiB of memory"


# What we ask for, the pods of one run included, and what some options ask for on top; a test adds up the values.
NEEDED = Room(1000, 3712)
ON_TOP = {
    "object_store": Room(50, 64),
    "logs": Room(70, 288),
    "spark": Room(550, 3328),  # as far as a driver with its executors asks for more than the pods of another run
}


class Level(StrEnum):
    """How a check ended."""

    GOOD = "✓"
    WARNING = "!"
    FAILED = "✗"


@dataclass(frozen=True)
class Finding:
    """One line, and what to do about it."""

    level: Level
    text: str
    hint: str = ""


@dataclass(frozen=True)
class Facts:
    """What kubectl says about the cluster, asked once."""

    context: str
    version: Object
    objects: list[Object] = field(repr=False)
    may_create_namespaces: bool = True

    def of(self, kind: str) -> list[Object]:
        return [item for item in self.objects if item["kind"] == kind]


def check_all(cluster: Cluster, options: Options) -> list[Finding]:
    """Everything that is to be known about the cluster; one finding if it does not answer."""
    try:
        return check_cluster(gather(cluster), options)
    except PlatformError as error:
        return [Finding(Level.FAILED, f"context {cluster.context}: {error.message}", error.hint)]


def gather(cluster: Cluster) -> Facts:
    """Ask the cluster, side by side. Raises: TransientError if it does not answer."""
    kinds = "nodes,storageclasses,daemonsets,pods"
    with ThreadPoolExecutor() as pool:
        version = pool.submit(cluster.kubectl, "version", "--output=json")
        objects = pool.submit(cluster.list, kinds)
        may = pool.submit(_may_create_namespaces, cluster)
        return Facts(cluster.context, json.loads(version.result()), objects.result(), may.result())


def _may_create_namespaces(cluster: Cluster) -> bool:
    try:
        return cluster.kubectl("auth", "can-i", "create", "namespaces", "--quiet") is not None
    except shell.ToolError:
        return False


def check_tools(options: Options) -> list[Finding]:
    """Programs on this machine, and their versions."""
    wanted = ["kubectl", "helm", options.image_tool]
    needs_kind = options.cluster == "kind" or (options.cluster.startswith("kind-") and not options.image_load)
    if needs_kind:
        wanted.append("kind")
    with ThreadPoolExecutor() as pool:
        return list(pool.map(check_tool, wanted))


def check_tool(program: str) -> Finding:
    """Whether a program is there and new enough."""
    if shutil.which(program) is None:
        return Finding(Level.FAILED, f"There is no {program} on this machine.", shell.INSTALL[program])
    arguments = {
        "kubectl": ["version", "--client", "--output=json"],
        "helm": ["version", "--template={{.Version}}"],
        "kind": ["version"],
        "docker": ["info", "--format={{.ServerVersion}}"],  # asks the engine as well
        "buildah": ["--version"],
    }[program]
    try:
        said = shell.run([program, *arguments])
    except PlatformError as error:
        return Finding(Level.FAILED, f"{program}: {error.message}", error.hint)
    have = number(json.loads(said)["clientVersion"]["gitVersion"] if program == "kubectl" else said)
    least = versions().tools.get(program)
    text = ".".join(map(str, have))
    if least is not None and have < number(least):
        return Finding(Level.FAILED, f"{program} {text} is too old; {least} is the least.", shell.INSTALL[program])
    return Finding(Level.GOOD, f"{program} {text}")


def check_version(facts: Facts) -> Finding:
    """Whether our manifests are validated against this Kubernetes."""
    server = facts.version["serverVersion"]["gitVersion"]
    oldest, newest = versions().kubernetes["oldest"], versions().kubernetes["newest"]
    if number(server)[:2] < number(oldest):
        return Finding(Level.FAILED, f"Kubernetes {server} is too old; {oldest} is the least.", "Upgrade the cluster.")
    if number(server)[:2] > number(newest):
        return Finding(
            Level.WARNING, f"Kubernetes {server} is newer than what this is tested on ({oldest} to {newest})."
        )
    return Finding(Level.GOOD, f"Kubernetes {server} at context {facts.context}")


def check_permission(facts: Facts) -> Finding:
    """Whether we may install at all."""
    if facts.may_create_namespaces:
        return Finding(Level.GOOD, "you may create namespaces")
    return Finding(
        Level.FAILED,
        "You may not create namespaces here.",
        "Use a context with the rights of a cluster administrator: CLUSTER=….",
    )


def needed(options: Options) -> Room:
    """What this installation asks for."""
    return sum((room for name, room in ON_TOP.items() if getattr(options, name)), NEEDED)


def check_room(facts: Facts, options: Options) -> Finding:
    """Whether what we ask for fits beside what others asked for."""
    nodes = [node for node in facts.of("Node") if not node["spec"].get("unschedulable") and _is_ready(node)]
    if not nodes:
        return Finding(Level.FAILED, "No node of the cluster is ready.", "`kubectl describe nodes` tells why.")
    free = sum((_room(node["status"]["allocatable"]) for node in nodes), Room(0, 0))
    for pod in facts.of("Pod"):
        is_others = pod["metadata"]["namespace"] not in NAMESPACES
        if is_others and pod["status"].get("phase") in ("Pending", "Running") and pod["spec"].get("nodeName"):
            for container in pod["spec"]["containers"]:
                free -= _room(container.get("resources", {}).get("requests", {}))
    needs = needed(options)
    if not free.holds(needs):
        return Finding(
            Level.FAILED,
            f"There is too little room: {free} are free, {needs} are needed.",
            "Give the cluster more (Docker Desktop: Settings, Resources), or remove other things from it.",
        )
    return Finding(Level.GOOD, f"{free} free ({needs} are needed)")


def _room(named: dict[str, str]) -> Room:
    """That of quantities by name, as Kubernetes writes them."""
    return Room(millicores(named.get("cpu", "0")), mebibytes(named.get("memory", "0")))


def check_storage(facts: Facts) -> Finding:
    """Whether claims that name no class get a volume."""
    names = [item["metadata"]["name"] for item in facts.of("StorageClass") if is_default_class(item)]
    if names:
        return Finding(Level.GOOD, f"default StorageClass {names[0]}")
    return Finding(
        Level.FAILED,
        "The cluster has no default StorageClass.",
        "Mark one: kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true",
    )


def check_policies(facts: Facts) -> Finding:
    """Whether the cluster's network plugin is known to enforce NetworkPolicies."""
    node_versions = {node["status"]["nodeInfo"]["kubeletVersion"] for node in facts.of("Node")}
    if any("+k3s" in version for version in node_versions):
        return Finding(Level.GOOD, "NetworkPolicies are enforced (k3s)")
    for item in facts.of("DaemonSet"):
        name = item["metadata"]["name"]
        if name in ENFORCING:
            return Finding(Level.GOOD, f"NetworkPolicies are enforced ({name})")
        if name == "kindnet":
            return _check_kindnet(item)
        if name == "aws-node":
            return _check_aws(item)
    return Finding(
        Level.WARNING,
        "Whether this cluster enforces NetworkPolicies is not known; if not, pods may call whom they like.",
        "Calico, Cilium and kind 0.24 or later do; Docker Desktop's own network does not.",
    )


def _check_kindnet(item: Object) -> Finding:
    image = item["spec"]["template"]["spec"]["containers"][0]["image"]
    date = re.search(r":v(\d{8})", image)
    if date and int(date[1]) < KINDNET_ENFORCES_SINCE:
        return Finding(
            Level.WARNING,
            "This kind cluster does not enforce NetworkPolicies.",
            "kind 0.24 or later makes clusters that do: `make destroy CLUSTER=kind`, then `make up CLUSTER=kind`.",
        )
    return Finding(Level.GOOD, "NetworkPolicies are enforced (kindnet)")


def _check_aws(item: Object) -> Finding:
    text = json.dumps(item["spec"]["template"]["spec"]["containers"])
    if "--enable-network-policy=true" in text:
        return Finding(Level.GOOD, "NetworkPolicies are enforced (Amazon VPC CNI)")
    return Finding(
        Level.WARNING,
        "The Amazon VPC CNI of this cluster does not enforce NetworkPolicies.",
        'Set its add-on to {"enableNetworkPolicy": "true"}.',
    )


def check_operator(facts: Facts) -> Finding:
    """Whether somebody else's Prometheus operator would fight with ours over the same objects."""
    for pod in facts.of("Pod"):
        if pod["metadata"]["namespace"] in NAMESPACES or pod["status"].get("phase") != "Running":
            continue
        for container in pod["spec"]["containers"]:
            arguments = " ".join(container.get("args", []))
            if "/prometheus-operator:" in container["image"] and "--namespaces" not in arguments:
                where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
                return Finding(
                    Level.FAILED,
                    f"A Prometheus operator watches this whole cluster already: {where}.",
                    "Limit it to its namespaces (--namespaces), or use another cluster.",
                )
    return Finding(Level.GOOD, "no other Prometheus operator")


def check_loading(facts: Facts, options: Options) -> Finding:
    """Whether the nodes can get our image."""
    if options.image_registry:
        return Finding(Level.GOOD, f"the image goes to {options.image_registry}")
    try:
        command = images.loader(facts.context, options)
    except ConfigError as error:
        if images.has_image(facts.of("Node"), images.name(options)):
            return Finding(Level.GOOD, "the nodes have the image")
        return Finding(Level.FAILED, error.message, error.hint)
    how = f"the image comes by `{' '.join(command)}`" if command else "the nodes share this machine's images"
    return Finding(Level.GOOD, how)


CHECKS: tuple[Callable[[Facts], Finding], ...] = (
    check_version,
    check_permission,
    check_storage,
    check_policies,
    check_operator,
)


def check_cluster(facts: Facts, options: Options) -> list[Finding]:
    """What the facts say."""
    return [*(check(facts) for check in CHECKS), check_room(facts, options), check_loading(facts, options)]


def show(findings: Iterable[Finding]) -> None:
    """Every finding that a person should read, and what to do. Raises: ConfigError if any failed."""
    failed = []
    for finding in findings:
        console.say(f"  {finding.level} {finding.text}")
        if finding.hint:
            console.say(f"    {finding.hint}")
        if finding.level is Level.FAILED:
            failed.append(finding)
    if failed:
        if len(failed) == 1:
            raise ConfigError(failed[0].text, hint=failed[0].hint)
        raise ConfigError(f"{len(failed)} checks failed.", hint="Nothing was changed. Mend them, then `make up`.")


def agreed(context: str, options: Options) -> bool:
    """Whether it is all right to install there: a local cluster, one that was named, or one that a person nods at."""
    if options.yes or options.cluster or LOCAL.fullmatch(context) or context == KIND_CONTEXT:
        return True
    return console.confirmed(f"Install into context '{context}', which is none of the local ones known? [yes/no]")


def is_default_class(item: Object) -> bool:
    """Whether a StorageClass is the default."""
    annotations: dict[str, Any] = item["metadata"].get("annotations", {})
    names = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
    return any(annotations.get(name) == "true" for name in names)


def millicores(quantity: str) -> float:
    """CPU of Kubernetes' notation."""
    return float(quantity[:-1]) if quantity.endswith("m") else float(quantity) * 1000


def mebibytes(quantity: str) -> float:
    """Memory of Kubernetes' notation."""
    units = {
        "": 1,
        "m": 1e-3,
        "k": 1e3,
        "M": 1e6,
        "G": 1e9,
        "T": 1e12,
        "Ki": 2**10,
        "Mi": 2**20,
        "Gi": 2**30,
        "Ti": 2**40,
    }
    parts = re.fullmatch(r"([\d.]+)(\D*)", quantity)
    return float(parts[1]) * units[parts[2]] / MIB if parts else 0.0


def _is_ready(node: Object) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))
