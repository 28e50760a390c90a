"""Charts: ours from the repository, others as published, or from a folder of the user's."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from etl.core.errors import ConfigError
from k8s.installer import paths
from k8s.installer.cluster import helm
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.install.steps import Running
from k8s.installer.versions import number, versions

CRD_VERSION = "operator.prometheus.io/version"
CRD = "prometheuses.monitoring.coreos.com"


def locate(chart: str, folder: Path | None) -> Path:
    """A chart on this machine: ours, from the user's folder, or downloaded (once).

    Raises: ConfigError, TransientError.
    """
    if is_ours(chart):
        return paths.CHARTS / chart
    published = versions().charts[chart]
    archive = f"{chart}-{published.version}.tgz"
    if folder is not None:
        for candidate in (folder / chart, folder / archive):
            if candidate.exists():
                return candidate.resolve()
        raise ConfigError(f"{folder} has no chart {chart}.", hint=f"It should contain {chart}/ or {archive}.")
    downloaded = paths.CACHE / "charts" / archive
    if not downloaded.exists():
        downloaded.parent.mkdir(parents=True, exist_ok=True)
        helm.pull(chart, published.repository, published.version, downloaded.parent)
    return downloaded


def is_ours(chart: str) -> bool:
    """Whether it is in this repository, and not published."""
    return (paths.CHARTS / chart / "Chart.yaml").is_file()


def digest(chart: Path) -> str:
    """Changes when any file of the chart does."""
    result = hashlib.sha256()
    for path in [chart] if chart.is_file() else sorted(chart.rglob("*")):
        if path.is_file():
            result.update(path.relative_to(chart.parent).as_posix().encode())
            result.update(hashlib.sha256(path.read_bytes()).digest())
    return result.hexdigest()


def provide_crds(cluster: Cluster, folder: Path | None, running: Running) -> str:
    """Install the operator's custom resource definitions, or newer ones; helm itself never upgrades them."""
    chart = locate("kube-prometheus-stack", folder)
    existing = cluster.find("crd", CRD)
    text = helm.crds(chart)
    ours = re.search(rf"{re.escape(CRD_VERSION)}: *\"?([\d.]+)", text)
    if existing is not None:
        theirs = existing["metadata"].get("annotations", {}).get(CRD_VERSION, "0.0")
        if ours is None or number(theirs) >= number(ours[1]):
            return f"version {theirs} is there"
    if ours is None:
        raise ConfigError(
            f"The cluster lacks the Prometheus operator's resource definitions, and {chart} does not contain them.",
            hint="Use the published chart, or install the operator's custom resource definitions first.",
        )
    running.note(f"version {ours[1]}")
    cluster.apply(text)
    cluster.kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=60s")
    return f"version {ours[1]} applied"
