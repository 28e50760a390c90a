"""The Helm releases: what each is made of, what it needs first, and how to install it without doing anything twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.core.errors import PlatformError
from k8s.installer import paths
from k8s.installer.cluster import helm
from k8s.installer.cluster.helm import Revision, Revisions
from k8s.installer.cluster.kubectl import (
    AIRFLOW,
    DATA_PLATFORM,
    ENRICHMENT,
    MONITORING,
    OBJECT_STORE,
    SIMULATOR,
    Cluster,
    is_true,
    key,
)
from k8s.installer.install import (
    argocd,
    charts,
    cnpg,
    diagnosis,
    drift,
    images,
    ingress,
    monitoring,
    readiness,
    receivers,
    task_logs,
    waiting,
)
from k8s.installer.install.options import Options
from k8s.installer.install.readiness import Snapshot, Watch
from k8s.installer.install.receivers import Receivers
from k8s.installer.install.secrets import HASHES_OF_KEYS, KEYS, STORE_TLS, Store
from k8s.installer.install.steps import Running
from k8s.installer.versions import versions

Values = dict[str, Any]
AIRFLOW_VERSION = "airflowVersion"  # a value of its chart


@dataclass(frozen=True)
class Inputs:
    """What values are computed from; `results` are those of the steps that the release needs, and of no others."""

    options: Options
    image: str
    receivers: Receivers
    results: Mapping[str, Any]

    @property
    def secrets(self) -> Store:
        store: Store = self.results["secrets"]
        return store


@dataclass(frozen=True)
class Release:
    """A release: its chart, the steps it needs first, and the values that only the installer knows."""

    name: str
    namespace: str
    chart: str
    needs: tuple[str, ...]
    values: Callable[[Inputs], Values]
    made_by_operator: tuple[str, ...] = ()  # StatefulSets that must be ready although they are in no chart
    has_fixed_jobs: bool = False  # its Jobs keep their names, so old ones block changed ones
    has_own_namespace: bool = False  # without data: it goes with the release, with all of its manifest NAME.yaml

    @property
    def key(self) -> tuple[str, str]:
        return self.namespace, self.name

    def may_go_back(self, cluster: Cluster, before: Revision) -> bool:
        """Whether the revision before can read what the current one has written; Airflow migrates its database."""
        versions_of_data = {helm.values(cluster, self.key, one).get(AIRFLOW_VERSION) for one in (None, before)}
        return len(versions_of_data) == 1


def _warehouse(inputs: Inputs) -> Values:
    def checksum(name: str) -> Values:
        return {"revision": inputs.secrets.checksum((DATA_PLATFORM, name))}

    host, port = inputs.options.warehouse_address
    return {
        "image": versions().images["postgres"],
        "etl": {"image": inputs.image, "job": False},  # jobs.py runs it when the server needs it
        "superuser": checksum("warehouse-superuser"),
        "logins": checksum("warehouse-logins"),
        "tls": {"revision": inputs.secrets.trusted()},
        **({"external": {"host": host, "port": port}} if inputs.options.warehouse_host else {}),
        **({"cnpg": _cnpg(inputs)} if inputs.options.cnpg else {}),
    }


def _cnpg(inputs: Inputs) -> Values:
    """The instances, and their archive if there is one."""
    archive = inputs.secrets.values.get(cnpg.ARCHIVE, {})
    opens = {
        "url": archive.get("URL", ""),
        "endpoint": archive.get("ENDPOINT", ""),
        "secret": cnpg.ARCHIVE[1] if archive.get("AWS_ACCESS_KEY_ID") else "",
        "caSecret": cnpg.ARCHIVE[1] if archive.get("ca.crt") else "",
        "folder": archive.get("FOLDER", ""),
    }
    return {
        "enabled": True,
        "image": versions().images["postgres-cnpg"],
        **({"archive": opens} if archive.get("URL") else {}),
    }


def _airflow(inputs: Inputs) -> Values:
    repository, _, tag = versions().images["airflow"].rpartition(":")
    names = ("airflow-metadata", "airflow-fernet-key", "airflow-jwt", "airflow-api-secret-key")
    checksum = inputs.secrets.checksum(*((AIRFLOW, name) for name in names)) + inputs.secrets.trusted()
    admin = inputs.secrets.checksum((AIRFLOW, "airflow-admin"))
    server = inputs.results.get("database", "")
    own = {
        AIRFLOW_VERSION: tag,
        "defaultAirflowRepository": repository,
        "defaultAirflowTag": tag,
        "images": {"airflow": {"repository": repository, "tag": tag}},
        # On another database, its processes would go on with what they know of the former one.
        "airflowPodAnnotations": {"checksum/secrets": checksum, "data-platform/database": server},
        # Not on the Job: Argo CD compares no hooks, and a new password must lead to another run of it.
        "migrateDatabaseJob": {"serviceAccount": {"annotations": {"checksum/admin": admin}}},
    }
    return _merged(own, task_logs.values(inputs.options), ingress.airflow(inputs.options))


def _merged(*parts: Values) -> Values:
    """All of them, as Helm merges files: maps by their keys."""
    result: Values = {}
    for part in parts:
        for name, value in part.items():
            both = isinstance(value, dict) and isinstance(result.get(name), dict)
            result[name] = _merged(result[name], value) if both else value
    return result


def _kube_prometheus_stack(inputs: Inputs) -> Values:
    host, port = inputs.options.warehouse_address
    names = ((MONITORING, "grafana-admin"), (MONITORING, "grafana-warehouse"))
    grafana = {
        "podAnnotations": {"checksum/secrets": inputs.secrets.checksum(*names) + inputs.secrets.trusted()},
        "env": {"WAREHOUSE_ADDRESS": f"{host}:{port}"},
        **ingress.grafana(inputs.options),
    }
    return {"grafana": grafana, **receivers.values(inputs.receivers)}


def _monitoring(inputs: Inputs) -> Values:
    return {
        "rules": monitoring.rules(),
        "dashboards": monitoring.dashboards(),
        "runbooks": monitoring.runbooks(),
        "logs": inputs.options.logs,
    }


def _statsd_exporter(_inputs: Inputs) -> Values:
    return {"statsd": {"mappingConfig": monitoring.mapping()}}


def _postgres_exporter(inputs: Inputs) -> Values:
    host, port = inputs.options.warehouse_address
    checksum = inputs.secrets.checksum((DATA_PLATFORM, "warehouse-logins")) + inputs.secrets.trusted()
    return {
        "annotations": {
            "checksum/secrets": checksum,
            "checksum/queries": hashlib.sha256(monitoring.queries().encode()).hexdigest()[:16],
        },
        "config": {"datasource": {"host": host, "port": str(port)}},
    }


def _nothing(_inputs: Inputs) -> Values:
    return {}


def _simulator(inputs: Inputs) -> Values:
    return {"image": inputs.image}


def _object_store(inputs: Inputs) -> Values:
    return {
        "image": versions().images["versitygw"],
        "keys": {"revision": inputs.secrets.checksum(KEYS)},
        "tls": {"revision": inputs.secrets.checksum(STORE_TLS)},
    }


def _enrichment(inputs: Inputs) -> Values:
    return {
        "image": images.name(inputs.options, images.ENRICHMENT),
        "keys": {"revision": inputs.secrets.checksum(HASHES_OF_KEYS)},
    }


STACK = "kube-prometheus-stack"
OPERATOR = Release("cloudnative-pg", DATA_PLATFORM, "cloudnative-pg", ("policies",), _nothing)
NEEDED_BY_CNPG = (OPERATOR.name, OBJECT_STORE)  # who runs it, and where it archives, also while it ends
WAREHOUSE = Release("warehouse", DATA_PLATFORM, "warehouse", ("secrets", "image", *NEEDED_BY_CNPG), _warehouse)
RELEASES = (
    WAREHOUSE,
    # An Airflow process that cannot resolve the collector when it starts sends no metrics until it is restarted.
    Release(
        "airflow",
        AIRFLOW,
        "airflow",
        ("secrets", "warehouse", "database", "dags", "statsd-exporter"),
        _airflow,
        has_fixed_jobs=True,
    ),
    Release(
        STACK,
        MONITORING,
        STACK,
        ("secrets", "operator kinds"),
        _kube_prometheus_stack,
        made_by_operator=(f"prometheus-{STACK}-prometheus", f"alertmanager-{STACK}-alertmanager"),
    ),
    Release("monitoring", MONITORING, "monitoring", ("operator kinds",), _monitoring),
    Release(
        "statsd-exporter", MONITORING, "prometheus-statsd-exporter", ("policies", "operator kinds"), _statsd_exporter
    ),
    Release(
        "postgres-exporter",
        DATA_PLATFORM,
        "prometheus-postgres-exporter",
        ("secrets", "warehouse", "database", "operator kinds"),
        _postgres_exporter,
    ),
)
SIMULATOR_RELEASE = Release(
    "simulator", SIMULATOR, "simulator", ("policies", "image"), _simulator, has_own_namespace=True
)
OBJECT_STORE_RELEASE = Release("object-store", OBJECT_STORE, "object-store", ("secrets",), _object_store)
ENRICHMENT_RELEASE = Release(
    "enrichment",
    ENRICHMENT,
    "enrichment",
    ("secrets", "image with a model", "operator kinds"),
    _enrichment,
    has_own_namespace=True,
)
LOGS = (
    Release("loki", MONITORING, "loki", ("policies",), _nothing),
    Release("alloy", MONITORING, "alloy", ("loki",), _nothing),
)
OPTIONAL = (OPERATOR, SIMULATOR_RELEASE, OBJECT_STORE_RELEASE, ENRICHMENT_RELEASE, *LOGS)


def wanted(options: Options, *, has_operator: bool = False) -> tuple[Release, ...]:
    """The releases of this installation; `has_operator`: somebody else's CloudNativePG is there."""
    return (
        *([OPERATOR] if options.cnpg and not has_operator else []),
        *RELEASES,
        *([SIMULATOR_RELEASE] if options.simulate else []),
        *([OBJECT_STORE_RELEASE] if options.object_store else []),
        *([ENRICHMENT_RELEASE] if options.enrichment else []),
        *(LOGS if options.logs else []),
    )


def needs(release: Release, options: Options, others: Iterable[Release]) -> tuple[str, ...]:
    """The steps that it needs first, without those of CloudNativePG that are not taken."""
    taken = {one.name for one in others} if options.cnpg else set()
    return tuple(name for name in release.needs if name not in NEEDED_BY_CNPG or name in taken)


def present(revisions: Revisions) -> list[Release]:
    """Those that should be installed, and the optional ones that are."""
    return [*RELEASES, *(one for one in OPTIONAL if one.key in revisions)]


def value_files(release: Release, variant: str) -> list[Path]:
    """The release's values, later files winning; `variant` names the set that comes on top: prod."""
    names = [release.name, f"{release.name}-{variant}"] if variant else [release.name]
    own = [paths.CHARTS / release.chart / f"values-{variant}.yaml"] if variant else []
    return [path for path in (*own, *(paths.VALUES / f"{name}.yaml" for name in names)) if path.is_file()]


def fingerprint(chart: Path, files: list[Path], values: Values) -> str:
    """Changes when anything does that the release is made from."""
    content = [charts.digest(chart), *(path.read_text(encoding="utf-8") for path in files), values]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


def provide(
    cluster: Cluster,
    release: Release,
    inputs: Inputs,
    newest: Revision | None,
    watch: Watch,
    running: Running,
    *,
    again: bool = False,
) -> str:
    """Install or upgrade the release if anything differs, and wait until it is ready. Returns what it did.

    `again`: its Jobs must run, even if nothing else differs.
    If an upgrade does not become ready, or someone stops it, the release is what it was before.
    Raises: NotReadyError, and helm's errors.
    """
    chart = charts.locate(release.chart, inputs.options.charts)
    files = value_files(release, inputs.options.values)
    values = release.values(inputs)
    mark = fingerprint(chart, files, values)
    is_same = newest is not None and newest.status == "deployed" and newest.fingerprint == mark and not again
    snapshot = watch.look(release.namespace)
    before = snapshot.workloads(release.name, release.made_by_operator)
    lasting = [one for one in before if one["kind"] != "Job"]
    ran = bool(lasting) and all(map(readiness.is_ready, lasting))
    has_failed = _clear_jobs(cluster, release, snapshot, clear_all=not is_same)
    differs = drift.of(cluster, release.key) if is_same else []
    if is_same and not has_failed and not differs and not any(map(readiness.is_scaled_down, before)):
        _wait(cluster, release, watch, running)
        return "unchanged"
    if newest is not None and newest.is_pending:
        running.note("resuming an interrupted installation")
        cluster.kubectl("delete", "secret", newest.secret, "--namespace", release.namespace)
    running.note("helm upgrade --install")
    try:
        take_over = newest is None and argocd.has_applied(snapshot)
        helm.upgrade(cluster, release.key, chart, files, values, mark, take_ownership=take_over)
        if differs:
            _correct(cluster, release)
        watch.forget(release.namespace)
        _scale_up(cluster, release, watch)
        _wait(cluster, release, watch, running)
    except PlatformError as error:
        if newest is not None and newest.status == "deployed" and ran:
            _undo(cluster, release, newest, error, watch, running)
        raise
    return "installed" if newest is None else "upgraded"


def _correct(cluster: Cluster, release: Release) -> None:
    """What still differs: Helm compares custom resources with its own record, not with what is there."""
    if drift.of(cluster, release.key):
        cluster.apply("\n---\n".join(drift.lasting(cluster, release.key)), "--namespace", release.namespace)


def _scale_up(cluster: Cluster, release: Release, watch: Watch) -> None:
    """What somebody scaled to zero and Helm has not brought back, as its manifest gives no number."""
    down = [one for one in watch.look(release.namespace).workloads(release.name) if readiness.is_scaled_down(one)]
    if names := [f"{one['kind'].lower()}/{key(one)[1]}" for one in down if one["kind"] != "Cluster"]:
        cluster.kubectl("scale", *names, "--replicas=1", "--namespace", release.namespace)
    if any(one["kind"] == "Cluster" for one in down):
        cnpg.wake(cluster)
    if down:
        watch.forget(release.namespace)


def _undo(
    cluster: Cluster, release: Release, before: Revision, error: PlatformError, watch: Watch, running: Running
) -> None:
    """Bring back the revision that ran, unless the upgrade has changed nothing yet, or data that it cannot read."""
    now = helm.revisions(cluster).get(release.key)
    if now is None or now.secret == before.secret or not release.may_go_back(cluster, before):
        return
    if isinstance(error, diagnosis.NotReadyError):
        error.undone(diagnosis.lines(cluster, error.failure))
    running.note("back to what ran before")
    _clear_jobs(cluster, release, watch.look(release.namespace), clear_all=True)
    helm.rollback(cluster, release.key, before)
    watch.forget(release.namespace)
    with suppress(PlatformError):  # the error that led here is the one to report
        _wait(cluster, release, watch, running)


def _clear_jobs(cluster: Cluster, release: Release, snapshot: Snapshot, *, clear_all: bool) -> bool:
    """Delete failed Jobs, so that they run again, and those that block new ones. Returns whether any had failed."""
    jobs = [item for item in snapshot.workloads(release.name) if item["kind"] == "Job"]
    failed = [job for job in jobs if is_true(job, "Failed") or is_true(job, "FailureTarget")]
    names = [key(job)[1] for job in (jobs if clear_all and release.has_fixed_jobs else failed)]
    if names:
        cluster.kubectl("delete", "jobs", *names, "--namespace", release.namespace, "--ignore-not-found")
    return bool(failed)


def _wait(cluster: Cluster, release: Release, watch: Watch, running: Running) -> None:
    waiting.until_ready(
        cluster,
        release.name,
        release.namespace,
        lambda snapshot: snapshot.workloads(release.name, release.made_by_operator),
        watch,
        running,
        expected=release.made_by_operator,
    )
