"""A cluster of our own, by kind."""

from __future__ import annotations

from k8s.platform import console, paths, shell
from k8s.platform.options import KIND_CLUSTER


def exists() -> bool:
    """Whether our kind cluster is there."""
    return KIND_CLUSTER in shell.run(["kind", "get", "clusters"]).split()


def create() -> None:
    """Make it from k8s/kind.yaml, unless it is there."""
    if exists():
        return
    console.say(f"\nMaking kind cluster {KIND_CLUSTER} (a minute or two the first time) …")
    shell.run(["kind", "create", "cluster", "--name", KIND_CLUSTER, "--config", str(paths.KIND), "--wait=180s"])


def delete() -> None:
    """Remove it with all that is in it."""
    shell.run(["kind", "delete", "cluster", "--name", KIND_CLUSTER])
