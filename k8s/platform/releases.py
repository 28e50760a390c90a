"""The Helm releases: what each is made of, what it needs first, and how it gets there without doing anything twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.core.errors import TransientError
from k8s.platform import charts, diagnosis, monitoring, paths, readiness, receivers, shell
from k8s.platform.cluster import AIRFLOW, DATA_PLATFORM, MONITORING, OBJECT_STORE, SIMULATOR, Cluster
from k8s.platform.generated import KEYS, STORE_TLS, Store
from k8s.platform.options import Options
from k8s.platform.readiness import Snapshot, Watch
from k8s.platform.receivers import Receivers
from k8s.platform.steps import Running
from k8s.platform.versions import versions

Values = dict[str, Any]
DEADLINE_S = 15 * 60  # the first time, a slow line has 2 GB of images to bring
LOOK_EVERY_S = 1.0
FINGERPRINT = "fingerprint"  # a label of the release's revision: what it was made of


@dataclass(frozen=True)
class Facts:
    """What values are computed from."""

    options: Options
    image: str
    secrets: Store
    receivers: Receivers


@dataclass(frozen=True)
class Release:
    """A release by name: its chart, the steps it needs first, and the values that only this program knows."""

    name: str
    namespace: str
    chart: str
    needs: tuple[str, ...]
    values: Callable[[Facts], Values]
    made_by_operator: tuple[str, ...] = ()  # StatefulSets that must be ready although no chart names them
    has_fixed_jobs: bool = False  # its Jobs keep their names, so old ones are in the way of changed ones


def _warehouse(facts: Facts) -> Values:
    def checksum(name: str) -> Values:
        return {"revision": facts.secrets.checksum((DATA_PLATFORM, name))}

    host, port = facts.options.warehouse_address
    return {
        "image": versions().images["postgres"],
        "etl": {"image": facts.image},
        "superuser": checksum("warehouse-superuser"),
        "logins": checksum("warehouse-logins"),
        "tls": checksum("warehouse-tls"),
        **({"external": {"host": host, "port": port}} if facts.options.warehouse_host else {}),
    }


def _airflow(facts: Facts) -> Values:
    repository, _, tag = versions().images["airflow"].rpartition(":")
    names = ("airflow-metadata", "airflow-fernet-key", "airflow-jwt", "airflow-api-secret-key")
    checksum = facts.secrets.checksum(*((AIRFLOW, name) for name in names), (DATA_PLATFORM, "warehouse-tls"))
    admin = facts.secrets.checksum((AIRFLOW, "airflow-admin"))
    return {
        "airflowVersion": tag,
        "defaultAirflowRepository": repository,
        "defaultAirflowTag": tag,
        "images": {"airflow": {"repository": repository, "tag": tag}},
        "airflowPodAnnotations": {"checksum/secrets": checksum},
        "migrateDatabaseJob": {"annotations": {"checksum/admin": admin}},
    }


def _kube_prometheus_stack(facts: Facts) -> Values:
    host, port = facts.options.warehouse_address
    names = ((MONITORING, "grafana-admin"), (MONITORING, "grafana-warehouse"), (DATA_PLATFORM, "warehouse-tls"))
    grafana = {
        "podAnnotations": {"checksum/secrets": facts.secrets.checksum(*names)},
        "env": {"WAREHOUSE_ADDRESS": f"{host}:{port}"},
    }
    return {"grafana": grafana, **receivers.values(facts.receivers)}


def _monitoring(facts: Facts) -> Values:
    return {
        "rules": monitoring.rules(),
        "dashboards": monitoring.dashboards(),
        "runbooks": monitoring.runbooks(),
        "logs": facts.options.logs,
    }


def _statsd_exporter(_facts: Facts) -> Values:
    return {"statsd": {"mappingConfig": monitoring.mapping()}}


def _postgres_exporter(facts: Facts) -> Values:
    host, port = facts.options.warehouse_address
    names = ((DATA_PLATFORM, "warehouse-logins"), (DATA_PLATFORM, "warehouse-tls"))
    return {
        "annotations": {
            "checksum/secrets": facts.secrets.checksum(*names),
            "checksum/queries": hashlib.sha256(monitoring.queries().encode()).hexdigest()[:16],
        },
        "config": {"datasource": {"host": host, "port": str(port)}},
    }


def _nothing(_facts: Facts) -> Values:
    return {}


def _simulator(facts: Facts) -> Values:
    return {"image": facts.image}


def _object_store(facts: Facts) -> Values:
    return {
        "image": versions().images["versitygw"],
        "keys": {"revision": facts.secrets.checksum(KEYS)},
        "tls": {"revision": facts.secrets.checksum(STORE_TLS)},
    }


STACK = "kube-prometheus-stack"
RELEASES = (
    Release("warehouse", DATA_PLATFORM, "warehouse", ("secrets", "image"), _warehouse),
    # A process of Airflow that cannot resolve the collector when it starts sends no metrics until it is restarted.
    Release("airflow", AIRFLOW, "airflow", ("warehouse", "dags", "statsd-exporter"), _airflow, has_fixed_jobs=True),
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
        ("warehouse", "operator kinds"),
        _postgres_exporter,
    ),
)
SIMULATOR_RELEASE = Release("simulator", SIMULATOR, "simulator", ("policies", "image"), _simulator)
OBJECT_STORE_RELEASE = Release("object-store", OBJECT_STORE, "object-store", ("secrets",), _object_store)
LOGS = (
    Release("loki", MONITORING, "loki", ("policies",), _nothing),
    Release("alloy", MONITORING, "alloy", ("loki",), _nothing),
)
OPTIONAL = (SIMULATOR_RELEASE, OBJECT_STORE_RELEASE, *LOGS)


def wanted(options: Options) -> tuple[Release, ...]:
    """The releases of this installation."""
    return (
        *RELEASES,
        *([SIMULATOR_RELEASE] if options.simulate else []),
        *([OBJECT_STORE_RELEASE] if options.object_store else []),
        *(LOGS if options.logs else []),
    )


def present(revisions: Mapping[tuple[str, str], Revision]) -> list[Release]:
    """Those that ought to be there, and the optional ones that are."""
    return [*RELEASES, *(one for one in OPTIONAL if (one.namespace, one.name) in revisions)]


@dataclass(frozen=True)
class Revision:
    """What Helm keeps of a release: its newest revision."""

    status: str
    fingerprint: str
    secret: str

    @property
    def is_pending(self) -> bool:
        """Whether Helm was interrupted; we hold the Lease, so nobody is at work."""
        return self.status.startswith("pending-") or self.status == "uninstalling"


def revisions(cluster: Cluster) -> dict[tuple[str, str], Revision]:
    """The newest revision of every release. Reads labels only: the Secrets behind them hold whole charts."""
    table = cluster.kubectl(
        "get",
        "secrets",
        "--all-namespaces",
        "--selector=owner=helm",
        "--show-labels",
        "--no-headers",
        "--ignore-not-found",
    )
    return parse_revisions(table)


def parse_revisions(table: str) -> dict[tuple[str, str], Revision]:
    """`revisions` of what kubectl printed."""
    newest: dict[tuple[str, str], tuple[int, Revision]] = {}
    for line in table.splitlines():
        namespace, secret, *_, text = line.split()
        labels = dict(label.split("=", 1) for label in text.split(",") if "=" in label)
        name, version = (namespace, labels["name"]), int(labels["version"])
        if version > newest.get(name, (0, None))[0]:
            newest[name] = version, Revision(labels["status"], labels.get(FINGERPRINT, ""), secret)
    return {name: revision for name, (_, revision) in newest.items()}


def value_files(release: Release, environment: str) -> list[Path]:
    """The release's values, least important first."""
    names = [release.name, f"{release.name}-{environment}"] if environment else [release.name]
    own = [paths.CHARTS / release.chart / f"values-{environment}.yaml"] if environment else []
    return [path for path in (*own, *(paths.VALUES / f"{name}.yaml" for name in names)) if path.is_file()]


def fingerprint(chart: Path, files: list[Path], values: Values) -> str:
    """Changes when anything does that the release is made of."""
    content = [charts.digest(chart), *(path.read_text(encoding="utf-8") for path in files), values]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


def provide(
    cluster: Cluster, release: Release, facts: Facts, newest: Revision | None, watch: Watch, running: Running
) -> str:
    """Install or upgrade the release if anything changed, and wait until it works. Returns what it did.

    Raises: NotReadyError, and what helm complains about.
    """
    chart = charts.locate(release.chart, facts.options.charts)
    files = value_files(release, facts.options.environment)
    values = release.values(facts)
    mark = fingerprint(chart, files, values)
    is_same = newest is not None and newest.status == "deployed" and newest.fingerprint == mark
    has_failed = _clear_jobs(cluster, release, watch.look(release.namespace), clear_all=not is_same)
    if is_same and not has_failed and is_whole(cluster, release):
        _wait(release, watch, running)
        return "unchanged"
    if newest is not None and newest.is_pending:
        running.note("taking up an interrupted installation")
        cluster.kubectl("delete", "secret", newest.secret, "--namespace", release.namespace)
    running.note("helm upgrade --install")
    cluster.helm(
        *("upgrade", "--install", release.name, str(chart), "--namespace", release.namespace),
        *(f"--values={path}" for path in files),
        *("--values=-", "--skip-crds", "--history-max=3", f"--labels={FINGERPRINT}={mark}", "--timeout=5m"),
        stdin=json.dumps(values),
    )
    watch.forget(release.namespace)
    _wait(release, watch, running)
    return "installed" if newest is None else "upgraded"


def is_whole(cluster: Cluster, release: Release) -> bool:
    """Whether everything that the release made is still there; finished Jobs may be gone."""
    manifest = cluster.helm("get", "manifest", release.name, "--namespace", release.namespace)
    lasting = [part for part in manifest.split("\n---\n") if "\nkind: Job\n" not in f"\n{part}\n"]
    query = ("get", "--filename=-", "--output=name", "--namespace", release.namespace)
    try:
        cluster.kubectl(*query, stdin="\n---\n".join(lasting))
    except shell.ToolError as error:
        if "NotFound" in error.output:
            return False
        raise
    return True


def _clear_jobs(cluster: Cluster, release: Release, snapshot: Snapshot, *, clear_all: bool) -> bool:
    """Remove failed Jobs, so that they are tried again, and those in the way. Returns whether any had failed."""
    jobs = [item for item in snapshot.workloads(release.name) if item["kind"] == "Job"]
    failed = [job for job in jobs if any(_is_true(job, kind) for kind in ("Failed", "FailureTarget"))]
    in_the_way = jobs if clear_all and release.has_fixed_jobs else failed
    names = [job["metadata"]["name"] for job in in_the_way]
    if names:
        cluster.kubectl("delete", "jobs", *names, "--namespace", release.namespace, "--ignore-not-found")
    return bool(failed)


def _is_true(job: dict[str, Any], kind: str) -> bool:
    conditions = job.get("status", {}).get("conditions", [])
    return any(condition["type"] == kind and condition["status"] == "True" for condition in conditions)


def _wait(release: Release, watch: Watch, running: Running) -> None:
    """Wait until every workload of the release is ready. Raises: NotReadyError as soon as one never will be."""
    waited = 0.0
    while True:
        snapshot = watch.look(release.namespace)
        workloads = snapshot.workloads(release.name, release.made_by_operator)
        names = {workload["metadata"]["name"] for workload in workloads}
        unborn = [name for name in release.made_by_operator if name not in names]
        if not unborn and all(readiness.is_ready(workload) for workload in workloads):
            return
        for trouble in readiness.troubles(snapshot, workloads)[:1]:
            raise diagnosis.NotReadyError(release.name, trouble)
        reason = readiness.waits_for(snapshot, workloads) or f"{unborn[0]} is not there yet"
        if waited > DEADLINE_S:
            raise TransientError(
                f"{release.name} was not ready after {DEADLINE_S // 60} minutes; it waits for {reason}.",
                hint=f"kubectl -n {release.namespace} get pods,events",
            )
        running.note(reason)
        running.pause(LOOK_EVERY_S)
        waited += LOOK_EVERY_S


def uninstall(cluster: Cluster, release: Release) -> str:
    """Remove a release, and wait until its pods are gone; its volumes stay, and so do our Secrets."""
    how = ("--ignore-not-found", "--wait", "--cascade=foreground", "--timeout=3m")
    cluster.helm("uninstall", release.name, "--namespace", release.namespace, *how)
    return "removed"
