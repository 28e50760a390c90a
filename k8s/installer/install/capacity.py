"""CPU and memory as pods request them: what the cluster has free, and what the platform needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from k8s.installer.cluster.kubectl import NAMESPACES, Object, is_true
from k8s.installer.install.options import Options

UNITS = {"": 1, "m": 1e-3}
UNITS |= {name: 1000**power for power, name in enumerate("kMGT", 1)}
UNITS |= {f"{name}i": 1024**power for power, name in enumerate("KMGT", 1)}


@dataclass(frozen=True)
class Capacity:
    """Millicores and MiB."""

    cpu_m: float
    memory_mib: float

    def __add__(self, other: Capacity) -> Capacity:
        return Capacity(self.cpu_m + other.cpu_m, self.memory_mib + other.memory_mib)

    def __sub__(self, other: Capacity) -> Capacity:
        return Capacity(self.cpu_m - other.cpu_m, self.memory_mib - other.memory_mib)

    def holds(self, other: Capacity) -> bool:
        return self.cpu_m >= other.cpu_m and self.memory_mib >= other.memory_mib

    def __str__(self) -> str:
        return f"{self.cpu_m / 1000:.1f} CPUs and {self.memory_mib / 1024:.1f} GiB of memory"


# Our requests, the pods of one run included, and what some options add; a test sums up the values of the charts.
NEEDED = Capacity(1000, 3712)
ON_TOP = {
    "cnpg": Capacity(150, 384),  # a standby, and the operator
    "object_store": Capacity(50, 64),
    "logs": Capacity(70, 288),
    "enrichment": Capacity(270, 736),
    "spark": Capacity(550, 3328),  # by which a driver and its executors exceed the pods of another run
}


def needed(options: Options) -> Capacity:
    """What this installation requests."""
    return sum((more for name, more in ON_TOP.items() if getattr(options, name)), NEEDED)


def free(nodes: Iterable[Object], pods: Iterable[Object]) -> Capacity | None:
    """What the requests of other people's pods leave us; None if no node is ready."""
    usable = [node for node in nodes if not node["spec"].get("unschedulable") and is_true(node, "Ready")]
    if not usable:
        return None
    left = sum((_of(node["status"]["allocatable"]) for node in usable), Capacity(0, 0))
    for pod in pods:
        is_others = pod["metadata"]["namespace"] not in NAMESPACES
        if is_others and pod["status"].get("phase") in ("Pending", "Running") and pod["spec"].get("nodeName"):
            for container in pod["spec"]["containers"]:
                left -= _of(container.get("resources", {}).get("requests", {}))
    return left


def _of(quantities: Mapping[str, str]) -> Capacity:
    return Capacity(millicores(quantities.get("cpu", "0")), mebibytes(quantities.get("memory", "0")))


def millicores(quantity: str) -> float:
    """CPU in Kubernetes' notation."""
    return float(quantity[:-1]) if quantity.endswith("m") else float(quantity) * 1000


def mebibytes(quantity: str) -> float:
    """Memory in Kubernetes' notation."""
    parts = re.fullmatch(r"([\d.]+)(\D*)", quantity)
    return float(parts[1]) * UNITS[parts[2]] / 1024**2 if parts else 0.0
