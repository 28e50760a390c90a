"""`make status`: one screen, and what to do if something is off."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from etl.core.errors import PlatformError
from k8s.platform import airflow, alerts, console, diagnosis, installed, paths, readiness, releases
from k8s.platform.cluster import DATA_PLATFORM, NAMESPACES, Cluster, Object
from k8s.platform.readiness import Snapshot, Trouble
from k8s.platform.releases import Release, Revision

Answer = TypeVar("Answer")
NOTHING_FIRES = "none fires"
PUBLISHED = paths.ROOT / "sql" / "platform" / "published.sql"


class NotWellError(PlatformError):
    """Something of the platform does not work."""

    exit_code = 1


@dataclass(frozen=True)
class Condition:
    """How a release stands."""

    release: Release
    text: str
    is_well: bool
    trouble: Trouble | None = None


def status(cluster_option: str) -> None:
    """Releases, pods that are not ready, the last run, watermarks, volumes. Raises: NotWellError."""
    cluster = installed.find(cluster_option)
    with ThreadPoolExecutor() as pool:
        present = pool.submit(releases.revisions, cluster)
        looks = {name: pool.submit(cluster.list, f"{readiness.KINDS},pvc", name) for name in NAMESPACES}
        run = pool.submit(_or_why_not, lambda: last_run(cluster))
        content = pool.submit(_or_why_not, lambda: published(cluster))
        alarm = pool.submit(_or_why_not, lambda: firing(cluster))
        snapshots = {name: Snapshot(name, look.result()) for name, look in looks.items()}
        conditions = [condition(release, present.result(), snapshots) for release in releases.present(present.result())]
    console.say(f"Context {cluster.context}\n\nReleases")
    for one in conditions:
        console.say(f"  {'✓' if one.is_well else '✗'} {one.release.name:<22} {one.release.namespace:<14} {one.text}")
    console.say("\nThe pipeline")
    for line in (*_lines(run.result()), *_lines(content.result())):
        console.say(f"  {line}")
    console.say("\nAlerts")
    for line in _lines(alarm.result()):
        console.say(f"  {line}")
    console.say("\nVolumes")
    for snapshot in snapshots.values():
        for claim in (item for item in snapshot.items if item["kind"] == "PersistentVolumeClaim"):
            console.say(f"  {volume(claim)}")
    unwell = [one for one in conditions if not one.is_well]
    if not unwell:
        verdict = (
            "All is well." if alarm.result() == [NOTHING_FIRES] else "Everything runs; see the alerts: make alerts."
        )
        console.say(f"\n{verdict} Next: make trigger · make ui · make psql")
        return
    names = ", ".join(one.release.name for one in unwell)
    first = next((one.trouble for one in unwell if one.trouble), None)
    if first is not None:
        diagnosis.show(cluster, first)
    raise NotWellError(
        f"Not well: {names}", hint=diagnosis.more(first) if first else "`make up` mends it, or says why not."
    )


def condition(release: Release, present: dict[tuple[str, str], Revision], snapshots: dict[str, Snapshot]) -> Condition:
    """How a release stands, from what the cluster says."""
    revision = present.get((release.namespace, release.name))
    if revision is None:
        return Condition(release, "not installed", False)
    if revision.status != "deployed":
        return Condition(release, revision.status, False)
    snapshot = snapshots[release.namespace]
    workloads = snapshot.workloads(release.name, release.made_by_operator)
    unready = [workload for workload in workloads if not readiness.is_ready(workload)]
    if not unready:
        lasting = [workload for workload in workloads if workload["kind"] != "Job"]
        ready = f"{len(lasting)} workload{'s' if len(lasting) != 1 else ''} ready" if lasting else "installed"
        return Condition(release, ready, True)
    trouble = next(iter(readiness.troubles(snapshot, unready)), None)
    text = trouble.reason if trouble else f"waits for {readiness.waits_for(snapshot, unready)}"
    return Condition(release, text, False, trouble)


def last_run(cluster: Cluster) -> list[str]:
    """The newest run of each DAG, as Airflow tells it."""
    with airflow.Airflow(cluster) as api:
        dags = sorted(dag["dag_id"] for dag in api.ask("GET", "/api/v2/dags?limit=100")["dags"])
        newest = "dagRuns?order_by=-run_after&limit=1"
        runs = {dag: api.ask("GET", f"/api/v2/dags/{quote(dag)}/{newest}")["dag_runs"] for dag in dags}
    if not runs:
        return ["no DAG is there yet; a new one takes a minute"]
    return [line_of(dag, found[0] if found else None) for dag, found in runs.items()]


def line_of(dag: str, run: dict[str, Any] | None) -> str:
    """A DAG and its newest run."""
    if run is None:
        return f"DAG {dag} has not run yet: make trigger DAG={dag}"
    return f"last run of DAG {dag}: {run['state']}, {run['start_date'] or 'not started'}"


def published(cluster: Cluster) -> list[str]:
    """What is published, as the ledger tells it. Asked inside Postgres' own pod, where no password is needed."""
    pod = ("--namespace", DATA_PLATFORM, "statefulset/postgres", "--container=postgres", "--stdin", "--")
    psql = ("psql", "--username=engineer", "--dbname=warehouse", "--tuples-only", "--no-align")
    lines = cluster.kubectl("exec", *pod, *psql, stdin=PUBLISHED.read_text(encoding="utf-8")).splitlines()
    return [line for line in lines if line] or ["nothing is published yet: make trigger"]


def firing(cluster: Cluster) -> list[str]:
    """The alerts that fire, as Prometheus tells them, a line for each severity."""
    rules = [rule for rule in alerts.alerting(alerts.ask(cluster, "/api/v1/rules")) if rule.state == "firing"]
    names = {
        severity: [rule.name for rule in rules if rule.severity == severity]
        for severity in ("critical", "warning", "info")
    }
    return [f"{severity}: {', '.join(found)}" for severity, found in names.items() if found] or [NOTHING_FIRES]


def volume(claim: Object) -> str:
    """One claim in a line."""
    where = f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"
    size = claim["status"].get("capacity", {}).get("storage") or claim["spec"]["resources"]["requests"]["storage"]
    phase = claim["status"].get("phase", "")
    return f"{where:<44} {size:>6}  {'waits for its first pod' if phase == 'Pending' else phase.lower()}"


def _or_why_not(ask: Callable[[], Answer]) -> Answer | PlatformError:
    try:
        return ask()
    except PlatformError as error:
        return error


def _lines(answer: list[str] | PlatformError) -> list[str]:
    return [f"? {answer.message}"] if isinstance(answer, PlatformError) else answer
