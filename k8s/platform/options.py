"""What `make up` may be told, and which cluster that means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from etl.core.errors import ConfigError, UsageError
from k8s.platform import shell
from k8s.platform.cluster import contexts, current_context

KIND_CLUSTER = "data-platform"
KIND_CONTEXT = f"kind-{KIND_CLUSTER}"


@dataclass(frozen=True)
class Options:
    """The variables of `make up`."""

    cluster: str = ""
    yes: bool = False
    image_tool: str = "docker"
    image_load: str = ""
    image_registry: str = ""
    charts: Path | None = None
    simulate: bool = False
    object_store: bool = False
    logs: bool = False
    spark: bool = False
    environment: str = ""
    warehouse_host: str = ""
    warehouse_ca: Path | None = None

    def __post_init__(self) -> None:
        if self.environment not in ("", "prod"):
            raise UsageError(f"There is no environment '{self.environment}'.", hint="ENVIRONMENT is prod, or left out.")
        if self.image_tool not in ("docker", "buildah"):
            raise UsageError(f"{self.image_tool} cannot build images.", hint="IMAGE_TOOL is docker or buildah.")
        if self.charts is not None and not self.charts.is_dir():
            raise UsageError(f"{self.charts} is no folder.", hint="CHARTS is a folder with charts by their names.")
        if bool(self.warehouse_host) != bool(self.warehouse_ca):
            raise UsageError(
                "A database outside needs its address and the certificate of its authority.",
                hint="Give both: WAREHOUSE_HOST=db.example.org WAREHOUSE_CA=file.pem.",
            )

    @property
    def warehouse_address(self) -> tuple[str, int]:
        """Host and port of the warehouse, as pods see it."""
        host, _, port = (self.warehouse_host or "postgres.data-platform.svc").partition(":")
        return host, int(port or 5432)


def context_of(cluster: str) -> str:
    """The context that CLUSTER means: nothing is the current one, kind is ours, else it is a context's name.

    Raises: ConfigError if there is no such context.
    """
    if cluster == "kind":
        return KIND_CONTEXT
    if not cluster:
        try:
            return current_context()
        except shell.ToolError as error:
            raise ConfigError(
                "kubectl knows no current cluster.",
                hint="`make up CLUSTER=kind` makes one; or start Kubernetes in Docker Desktop; or set KUBECONFIG.",
            ) from error
    known = contexts()
    if cluster not in known:
        message = f"There is no context '{cluster}'; your kubeconfig has: {', '.join(known) or 'none'}."
        raise ConfigError(message, hint="Choose one: CLUSTER=…, or leave it out for the current one.")
    return cluster
