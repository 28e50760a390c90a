"""The platform as it stands, for the verbs that use it."""

from __future__ import annotations

import base64

from etl.core.errors import ConfigError
from k8s.platform.cluster import Cluster
from k8s.platform.options import context_of


def find(cluster_option: str) -> Cluster:
    """The cluster with the platform in it. Raises: ConfigError if there is none."""
    cluster = Cluster(context_of(cluster_option))
    if cluster.find("namespace", "data-platform") is None:
        raise ConfigError(
            f"There is no platform in context '{cluster.context}'.",
            hint="`make up` installs it. The warehouse of `make run` on this machine: .venv/bin/etl status, etl psql.",
        )
    return cluster


def secret(cluster: Cluster, namespace: str, name: str) -> dict[str, str]:
    """A Secret, decoded. Raises: ConfigError if it is not there."""
    found = cluster.find("secret", name, namespace)
    if found is None:
        raise ConfigError(f"There is no Secret {namespace}/{name}.", hint="`make up` makes it.")
    return {entry: base64.b64decode(data).decode() for entry, data in found["data"].items()}
