"""What is not as it should be: asked of the cluster and the server for `make status`, in the words of `make up`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from etl.core.errors import PlatformError
from k8s.installer.cluster import helm
from k8s.installer.cluster.helm import Revisions
from k8s.installer.cluster.kubectl import AIRFLOW, DATA_PLATFORM, ETL, Cluster, decoded
from k8s.installer.install import (
    certificate,
    cnpg,
    dags,
    database,
    drift,
    ingress,
    manifests,
    receivers,
    releases,
    secrets,
    task_logs,
)

REPAIRS = "`make up` corrects it."
FULL = "No space left on device"
GROW = "monitoring/runbooks/VolumeFillingUp.md says how to make room, charts/warehouse/README.md how to grow the disk."
IN_CLUSTER = "postgres.data-platform.svc"


@dataclass(frozen=True)
class Problem:
    """What is wrong in one line, and what to do about it."""

    text: str
    hint: str = REPAIRS


def of_release(cluster: Cluster, release: tuple[str, str]) -> list[Problem]:
    """What is missing of a release, or is not as its manifest says."""
    return [Problem(f"{release[1]}: {line}") for line in drift.of(cluster, release)]


def of_server(cluster: Cluster) -> list[Problem]:
    """Of the server in the cluster: whether it answers, and holds what it should."""
    if not _has_server(cluster):
        return []
    try:
        found = database.ask(cluster)
    except PlatformError as error:
        return [_why_silent(cluster, error)]
    logins = cluster.secret(DATA_PLATFORM, "warehouse-logins")
    problems = [Problem(f"Postgres: {line}") for line in database.differences(found, logins)]
    problems += _versions(cluster, found)
    for schema in database.lost(found):
        hint = "Restore the whole database: docs/how-to/restore-a-backup.md. Runs can neither publish nor repair this."
        problems.append(Problem(f"warehouse: schema {schema} is gone", hint))
    return problems


def _has_server(cluster: Cluster) -> bool:
    """Whether its Service is there: of a StatefulSet, or of a Cluster."""
    return cluster.find("service", "postgres", DATA_PLATFORM) is not None


def _is_cnpg(cluster: Cluster) -> bool:
    """Whether the installed warehouse is CloudNativePG's, also while its Cluster is missing."""
    try:
        given = helm.values(cluster, releases.WAREHOUSE.key)
    except PlatformError:  # not installed: that is seen elsewhere
        return cnpg.find(cluster) is not None
    return bool(given.get("cnpg", {}).get("enabled"))


def _versions(cluster: Cluster, found: database.Facts) -> list[Problem]:
    problems = []
    needed = database.noted(cluster)
    if needed and found.version < needed:
        was = f"has version {found.version}" if found.version else "has no tables"
        problems.append(Problem(f"warehouse: {was}, the installed code needs {needed}"))
    if found.version > database.newest():
        hint = "Use the checkout that installed it, or a newer one."
        problems.append(Problem(f"warehouse: version {found.version} is newer than this checkout", hint))
    if given := _given_to_airflow(cluster):
        wanted = given.get(releases.AIRFLOW_VERSION, "")
        if found.airflow != wanted:
            was = f"are of version {found.airflow}" if found.airflow else "are missing"
            problems.append(Problem(f"airflow: its tables {was}, version {wanted} is installed"))
    return problems


def _given_to_airflow(cluster: Cluster) -> dict[str, Any]:
    """The values of its release; none if it is not installed, which is seen elsewhere."""
    with suppress(PlatformError):
        return helm.values(cluster, (AIRFLOW, "airflow"))
    return {}


def _why_silent(cluster: Cluster, error: PlatformError) -> Problem:
    """Postgres' last words say more than those of a program that could not connect."""
    logged = []
    for which in ((), ("--previous",)):
        with suppress(PlatformError):
            where = ("service/postgres", "--namespace", DATA_PLATFORM, "--container=postgres", "--tail=200")
            logged += cluster.kubectl("logs", *where, *which).splitlines()
    if FULL in error.message or any(FULL in line for line in logged):
        return Problem(f"Postgres: its volume is full ({FULL})", GROW)
    last = next((line for line in reversed(logged) if any(word in line for word in ("PANIC", "FATAL", "error:"))), "")
    return Problem(
        f"Postgres does not answer: {last.strip() or error.message}", "kubectl -n data-platform logs service/postgres"
    )


def of_manifests(cluster: Cluster, revisions: Revisions) -> list[Problem]:
    """Namespaces, rights, limits and policies, for what is installed."""
    host = decoded(cluster.find("secret", "warehouse", ETL) or {})
    read = cluster.find("configmap", dags.NAME, AIRFLOW)
    settings = json.loads((read or {}).get("data", {}).get("platform.json", "{}"))
    account = cluster.find("serviceaccount", "etl", ETL) or {}
    annotations = account.get("metadata", {}).get("annotations", {})
    given = _given_to_airflow(cluster)
    wanted = manifests.Wanted(
        simulate=releases.SIMULATOR_RELEASE.key in revisions,
        object_store=releases.OBJECT_STORE_RELEASE.key in revisions,
        logs=releases.LOGS[0].key in revisions,
        spark=bool(settings.get("spark_image")),
        enrichment=releases.ENRICHMENT_RELEASE.key in revisions,
        cnpg=_is_cnpg(cluster),
        archive_ports=cnpg.archive_ports(cluster),
        alert_ports=receivers.read(cluster).ports,
        warehouse_port=int(host.get("PGPORT") or 5432),
        is_warehouse_external=host.get("PGHOST", IN_CLUSTER) != IN_CLUSTER,
        pods_role=annotations.get(manifests.ROLE, ""),
        task_logs_out=task_logs.are_in_a_bucket(given),
        ingress_from=ingress.let_in(given),
    )
    rendered = manifests.render(manifests.kubernetes_api(cluster), wanted)
    problems = [Problem(line) for line in drift.differences(cluster.diff(rendered))]
    if not settings:
        problems.append(Problem("airflow: ConfigMap dags is missing"))
    return problems


def of_secrets(cluster: Cluster, revisions: Revisions) -> list[Problem]:
    """Secrets that are missing, and certificates that expire soon."""
    existing = secrets.read(cluster)
    has_store = releases.OBJECT_STORE_RELEASE.key in revisions
    has_server = _has_server(cluster)
    has_service = releases.ENRICHMENT_RELEASE.key in revisions
    made = secrets.complete(
        existing, with_tls=has_server, with_object_store=has_store, with_enrichment=has_service
    ).made
    return [_of_secret(name, existing) for name in made]


def _of_secret(name: str, existing: secrets.Values) -> Problem:
    found: Sequence[dict[str, str]] = [values for (_, one), values in existing.items() if one == name]
    expires = certificate.expires(found[0].get("tls.crt", "")) if found else None
    if expires is None:
        return Problem(
            f"Secret {name} is missing or incomplete", "`make up` makes another, and all that uses it follows."
        )
    says = "has expired: nobody can connect" if expires < datetime.now(UTC) else "expires"
    return Problem(f"the certificate in Secret {name} {says} ({expires:%Y-%m-%d})", "`make up` renews it.")
