"""Helm: what it does with a release, and what it remembers of it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k8s.installer.cluster import shell
from k8s.installer.cluster.kubectl import Cluster, Object

FINGERPRINT = "fingerprint"  # our label of a revision: what it was made from


@dataclass(frozen=True)
class Revision:
    """The newest revision of a release."""

    status: str
    fingerprint: str
    secret: str

    @property
    def is_pending(self) -> bool:
        """Whether Helm was interrupted: whoever asks holds the Lease, so no other Helm is running."""
        return self.status.startswith("pending-") or self.status == "uninstalling"

    @property
    def number(self) -> str:
        return self.secret.rpartition(".v")[2]


Revisions = Mapping[tuple[str, str], Revision]


def revisions(cluster: Cluster) -> Revisions:
    """The newest revision of every release, by namespace and name; read from the labels of Helm's Secrets."""
    return newest(cluster.list("secrets", None, "--selector=owner=helm"))


def newest(secrets: Iterable[Object]) -> Revisions:
    """`revisions` from these Secrets."""
    found: dict[tuple[str, str], tuple[int, Revision]] = {}
    for metadata in (secret["metadata"] for secret in secrets):
        labels = metadata["labels"]
        name, version = (metadata["namespace"], labels["name"]), int(labels["version"])
        if version > found.get(name, (0, None))[0]:
            found[name] = version, Revision(labels["status"], labels.get(FINGERPRINT, ""), metadata["name"])
    return {name: revision for name, (_, revision) in found.items()}


def upgrade(
    cluster: Cluster,
    release: tuple[str, str],
    chart: Path,
    files: Sequence[Path],
    values: Mapping[str, Any],
    fingerprint: str,
    *,
    take_ownership: bool = False,
) -> None:
    """Install the release, given by namespace and name, or upgrade it; `values` win over those in `files`.

    `take_ownership`: its objects may be there already, made by somebody else.
    """
    namespace, name = release
    cluster.helm(
        *("upgrade", "--install", name, str(chart), "--namespace", namespace),
        *(f"--values={path}" for path in files),
        *("--values=-", "--skip-crds", "--history-max=3", f"--labels={FINGERPRINT}={fingerprint}", "--timeout=5m"),
        *(("--take-ownership",) if take_ownership else ()),
        stdin=json.dumps(values),
    )


def template(
    release: tuple[str, str], chart: Path, files: Sequence[Path], values: Mapping[str, Any], *options: str
) -> str:
    """The objects of a chart, as `upgrade` would install them."""
    namespace, name = release
    return shell.run(
        [
            *("helm", "template", name, str(chart), "--namespace", namespace, *options),
            *(f"--values={path}" for path in files),
            "--values=-",
        ],
        stdin=json.dumps(values),
    )


def merged(chart: Path, files: Sequence[Path], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that the templates of a chart see: its own and its subcharts', with these on top.

    No command of helm shows those of subcharts; so a template that does is added to a copy of the chart.
    """
    with tempfile.TemporaryDirectory() as folder:
        if chart.is_dir():
            copy = Path(shutil.copytree(chart, Path(folder) / chart.name))
        else:
            shell.run(["tar", "-xzf", str(chart), "-C", folder])
            [copy] = Path(folder).iterdir()
        (copy / "templates" / "merged.yaml").write_text("{{ .Values | toJson }}", encoding="utf-8")
        shown = template(("default", "merged"), copy, files, values, "--show-only=templates/merged.yaml")
    found: dict[str, Any] = json.loads(shown[shown.index("{") :])
    return found


def rollback(cluster: Cluster, release: tuple[str, str], revision: Revision) -> None:
    """Roll a release back to this revision."""
    namespace, name = release
    cluster.helm("rollback", name, revision.number, "--namespace", namespace, "--history-max=3", "--timeout=5m")


def manifests(cluster: Cluster, namespace: str, name: str) -> list[str]:
    """What a release consists of, an object each."""
    return cluster.helm("get", "manifest", name, "--namespace", namespace).split("\n---\n")


def values(cluster: Cluster, release: tuple[str, str], revision: Revision | None = None) -> dict[str, Any]:
    """What a release was given, now or at a revision. Raises: ToolError if there is none."""
    at = () if revision is None else (f"--revision={revision.number}",)
    said = cluster.helm("get", "values", release[1], "--namespace", release[0], "--output=json", *at)
    return json.loads(said or "null") or {}


def uninstall(cluster: Cluster, namespace: str, name: str) -> None:
    """Remove a release and wait until its pods are gone; its volumes stay."""
    how = ("--ignore-not-found", "--wait", "--cascade=foreground", "--timeout=3m")
    cluster.helm("uninstall", name, "--namespace", namespace, *how)


def pull(chart: str, repository: str, version: str, folder: Path) -> None:
    """Download a published chart into the folder."""
    where = ("--repo", repository, "--version", version, "--destination", str(folder))
    shell.run(["helm", "pull", chart, *where])


def crds(chart: Path) -> str:
    """The custom resource definitions of a chart."""
    return shell.run(["helm", "show", "crds", str(chart)])
