"""A cluster of our own, created with kind."""

from __future__ import annotations

from k8s.installer import console, paths
from k8s.installer.cluster import shell

KIND_CLUSTER = "data-platform"
KIND_CONTEXT = f"kind-{KIND_CLUSTER}"


def exists() -> bool:
    """Whether our kind cluster exists."""
    return KIND_CLUSTER in shell.run(["kind", "get", "clusters"]).split()


def create() -> None:
    """Create it from k8s/kind.yaml, unless it exists."""
    if exists():
        return
    console.say(f"\nCreating kind cluster {KIND_CLUSTER} (a minute or two the first time) …")
    shell.run(["kind", "create", "cluster", "--name", KIND_CLUSTER, "--config", str(paths.KIND), "--wait=180s"])


def delete() -> None:
    """Delete it with everything in it."""
    shell.run(["kind", "delete", "cluster", "--name", KIND_CLUSTER])
