"""Which cluster CLUSTER means."""

from __future__ import annotations

from etl.core.errors import ConfigError
from k8s.installer.cluster import shell
from k8s.installer.cluster.kind import KIND_CONTEXT
from k8s.installer.cluster.kubectl import DATA_PLATFORM, Cluster


def current() -> str:
    """The context that kubectl would use. Raises: ToolError if there is none."""
    return shell.run(["kubectl", "config", "current-context"]).strip()


def known() -> list[str]:
    """The names of all contexts in the kubeconfig."""
    return shell.run(["kubectl", "config", "get-contexts", "--output=name"]).split()


def chosen(option: str) -> str:
    """The context that CLUSTER means: blank is the current one, `kind` ours, anything else the name of a context.

    Raises: ConfigError if there is no such context.
    """
    if option == "kind":
        return KIND_CONTEXT
    if not option:
        try:
            return current()
        except shell.ToolError as error:
            raise ConfigError(
                "kubectl has no current context.",
                hint="`make up CLUSTER=kind` creates one; or start Kubernetes in Docker Desktop; or set KUBECONFIG.",
            ) from error
    names = known()
    if option not in names:
        message = f"There is no context '{option}'; your kubeconfig has: {', '.join(names) or 'none'}."
        raise ConfigError(message, hint="Choose one with CLUSTER=…, or leave it out to use the current one.")
    return option


def installed(option: str) -> Cluster:
    """The cluster, with the platform in it. Raises: ConfigError if the platform is not installed there."""
    cluster = Cluster(chosen(option))
    if cluster.find("namespace", DATA_PLATFORM) is None:
        raise ConfigError(
            f"The platform is not installed in context '{cluster.context}'.",
            hint="`make up` installs it. For the warehouse of `make run` on this machine: .venv/bin/etl status.",
        )
    return cluster
