"""The options of `make up`, checked."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

from etl.core.errors import UsageError
from k8s.installer import paths


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
    lake_url: str = ""
    pods_role: str = ""
    task_logs: str = ""
    task_logs_role: str = ""
    host: str = ""
    ingress_class: str = ""
    ingress_certificate: str = ""
    ingress_from: str = ""
    logs: bool = False
    spark: bool = False
    enrichment: bool = False
    values: str = ""
    warehouse: str = "postgres"
    warehouse_host: str = ""
    warehouse_ca: Path | None = None

    def __post_init__(self) -> None:
        if self.values and not list(paths.VALUES.glob(f"*-{self.values}.yaml")):
            raise UsageError(
                f"There are no values '{self.values}'.",
                hint="`prod` has some; for others write charts/values/<release>-<name>.yaml.",
            )
        if self.image_tool not in ("docker", "buildah"):
            raise UsageError(f"'{self.image_tool}' is not supported.", hint="IMAGE_TOOL is docker or buildah.")
        if self.charts is not None and not self.charts.is_dir():
            raise UsageError(f"{self.charts} is not a folder.", hint="CHARTS is a folder that contains charts by name.")
        if self.lake_url and not re.fullmatch(r"s3://[^/?@]+(/[^?@]*)?(\?.*)?", self.lake_url):
            raise UsageError(
                f"LAKE_URL={self.lake_url.rpartition('@')[2]} is not a lake that pods can share.",
                hint="Write it like s3://bucket/prefix?region=eu-central-1, without keys.",
            )
        if self.lake_url and self.object_store:
            raise UsageError("LAKE_URL and OBJECT_STORE=1 are two places for one lake.", hint="Leave one of them out.")
        for name, role in (("PODS_ROLE", self.pods_role), ("TASK_LOGS_ROLE", self.task_logs_role)):
            if role and not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", role):
                raise UsageError(
                    f"{name}={role} is not a role of AWS.",
                    hint="Write it like arn:aws:iam::123456789012:role/name.",
                )
        if self.task_logs and not re.fullmatch(r"s3://[^/?@]+/[^?@]+", self.task_logs):
            raise UsageError(
                f"TASK_LOGS={self.task_logs.rpartition('@')[2]} is not a folder in a bucket.",
                hint="Write it like s3://bucket/airflow, without keys.",
            )
        if self.task_logs_role and not self.task_logs:
            raise UsageError(
                "TASK_LOGS_ROLE is a role for a bucket that is not named.", hint="Set TASK_LOGS=s3://bucket/airflow."
            )
        self._check_ingress()
        if self.warehouse not in ("postgres", "cnpg"):
            raise UsageError(
                f"'{self.warehouse}' is not supported.",
                hint="WAREHOUSE is postgres (one server), or cnpg (several: one takes over when the primary dies).",
            )
        if bool(self.warehouse_host) != bool(self.warehouse_ca):
            raise UsageError(
                "An external database needs both its host and the certificate of its authority.",
                hint="Set both: WAREHOUSE_HOST=db.example.org WAREHOUSE_CA=file.pem.",
            )

    def _check_ingress(self) -> None:
        given = {
            "HOST": self.host,
            "INGRESS_CLASS": self.ingress_class,
            "INGRESS_CERTIFICATE": self.ingress_certificate,
            "INGRESS_FROM": self.ingress_from,
        }
        missing = [name for name, value in given.items() if not value]
        if missing and len(missing) < len(given):
            raise UsageError(
                f"An ingress needs {', '.join(missing)} as well.",
                hint="docs/how-to/ingress.md says what each is.",
            )
        if self.host and not re.fullmatch(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", self.host):
            raise UsageError(
                f"HOST={self.host} is not a domain.",
                hint="Write it like data.example.org; Airflow is then airflow.data.example.org.",
            )
        if "/" in self.ingress_from and not _is_network(self.ingress_from):
            raise UsageError(
                f"INGRESS_FROM={self.ingress_from} is neither a namespace nor a network.",
                hint="Write it like traefik, or 10.20.0.0/16.",
            )

    @property
    def cnpg(self) -> bool:
        """Whether CloudNativePG runs the warehouse; a database outside the cluster is its provider's."""
        return self.warehouse == "cnpg" and not self.warehouse_host

    @property
    def warehouse_address(self) -> tuple[str, int]:
        """Host and port of the warehouse, as pods see them."""
        host, _, port = (self.warehouse_host or "postgres.data-platform.svc").partition(":")
        return host, int(port or 5432)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
