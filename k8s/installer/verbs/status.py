"""`make status`: one screen, and what to do if something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Any, TypeVar
from urllib.parse import quote

from etl.core.errors import PlatformError
from k8s.installer import console, paths
from k8s.installer.cluster import airflow, contexts, helm, prometheus
from k8s.installer.cluster.helm import Revisions
from k8s.installer.cluster.kubectl import NAMESPACES, Cluster, Object
from k8s.installer.errors import FailedError
from k8s.installer.install import condition, database, diagnosis, readiness, releases
from k8s.installer.install.condition import Problem
from k8s.installer.install.readiness import Failure, Snapshot
from k8s.installer.install.releases import Release

Answer = TypeVar("Answer")
Lines = list[str] | PlatformError
NOTHING_FIRES = "none firing"
PUBLISHED = paths.SQL / "published.sql"


class UnhealthyError(FailedError):
    """Some part of the platform does not work."""


@dataclass(frozen=True)
class Health:
    """Whether a release works, and in a few words why not."""

    release: Release
    text: str
    is_healthy: bool
    failure: Failure | None = None


def status(cluster_option: str) -> None:
    """Releases, pods that are not ready, the last run, watermarks, volumes. Raises: UnhealthyError."""
    cluster = contexts.installed(cluster_option)
    with ThreadPoolExecutor() as pool:
        revisions = pool.submit(helm.revisions, cluster)
        look = partial(readiness.take, cluster, kinds=f"{readiness.KINDS},pvc", with_clusters=True)
        looks = {name: pool.submit(look, name) for name in NAMESPACES}
        run = pool.submit(_or_why_not, lambda: last_run(cluster))
        content = pool.submit(_or_why_not, lambda: published(cluster))
        alarm = pool.submit(_or_why_not, lambda: firing(cluster))
        asked = [pool.submit(_problems, partial(ask, cluster)) for ask in (condition.of_server,)]
        for ask in (condition.of_manifests, condition.of_secrets):
            asked.append(pool.submit(_problems, partial(ask, cluster, revisions.result())))
        for key in revisions.result().keys() & {one.key for one in releases.present(revisions.result())}:
            asked.append(pool.submit(_problems, partial(condition.of_release, cluster, key)))
        broken = pool.submit(_problems, lambda: unread(cluster))
        snapshots = {name: taken.result() for name, taken in looks.items()}
        problems = [problem for one in (*asked, broken) for problem in one.result()]
        found = [health(release, revisions.result(), snapshots) for release in releases.present(revisions.result())]
    console.say(f"Context {cluster.context}\n\nReleases")
    for one in found:
        console.say(f"  {'✓' if one.is_healthy else '✗'} {one.release.name:<22} {one.release.namespace:<14} {one.text}")
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
    if problems:
        console.say("\nNot as it should be")
        for problem in problems:
            console.say(f"  ✗ {problem.text}\n    {problem.hint}")
    unhealthy = [one for one in found if not one.is_healthy]
    if not unhealthy and problems:
        raise UnhealthyError(f"{problems[0].text}.", hint=problems[0].hint)
    if not unhealthy:
        console.say(
            f"\n{verdict(run.result(), content.result(), alarm.result())} Next: make trigger · make ui · make psql"
        )
        return
    names = ", ".join(one.release.name for one in unhealthy)
    first = next((one.failure for one in unhealthy if one.failure), None)
    if first is not None:
        diagnosis.show(cluster, first)
    hint = diagnosis.more(first) if first else "`make up` repairs it, or says why it cannot."
    raise UnhealthyError(f"Not working: {names}.", hint=hint)


def verdict(run: Lines, content: Lines, alarm: Lines) -> str:
    """For a platform whose parts are all as they should be: whether its runs go well, too."""
    if unknown := [one for one in (run, content, alarm) if isinstance(one, PlatformError)]:
        return f"Everything runs, but not all of it could be asked: {unknown[0].message}"
    if alarm != [NOTHING_FIRES]:
        return "Everything runs; see the alerts: make alerts."
    if isinstance(run, list) and any(": failed, " in line for line in run):
        return "Everything runs, but a run has failed: its log is in Airflow (make ui)."
    return "Everything works."


def health(release: Release, revisions: Revisions, snapshots: dict[str, Snapshot]) -> Health:
    """The health of a release, from what the cluster reports."""
    revision = revisions.get(release.key)
    if revision is None:
        return Health(release, "not installed", False)
    if revision.status != "deployed":
        return Health(release, revision.status, False)
    snapshot = snapshots[release.namespace]
    workloads = snapshot.workloads(release.name, release.made_by_operator)
    if down := [workload["metadata"]["name"] for workload in workloads if readiness.is_scaled_down(workload)]:
        return Health(release, f"scaled to zero: {', '.join(down)}", False)
    unready = [workload for workload in workloads if not readiness.is_ready(workload)]
    if not unready:
        lasting = [workload for workload in workloads if workload["kind"] != "Job"]
        ready = f"{len(lasting)} workload{'s' if len(lasting) != 1 else ''} ready" if lasting else "installed"
        return Health(release, ready, True)
    failure = next(iter(readiness.failures(snapshot, unready)), None)
    text = failure.reason if failure else f"waiting for {readiness.waits_for(snapshot, unready)}"
    return Health(release, text, False, failure)


def last_run(cluster: Cluster) -> list[str]:
    """The newest run of each DAG, according to Airflow."""
    with airflow.Airflow(cluster) as api:
        listed = api.ask("GET", "/api/v2/dags?limit=100")["dags"]
        schedules = {dag["dag_id"]: dag["timetable_summary"] for dag in listed}
        newest = "dagRuns?order_by=-run_after&limit=1"
        runs = {dag: api.ask("GET", f"/api/v2/dags/{quote(dag)}/{newest}")["dag_runs"] for dag in sorted(schedules)}
    if not runs:
        return ["no DAGs yet; a new one appears within a minute"]
    return [line_of(dag, schedules[dag], found[0] if found else None) for dag, found in runs.items()]


def unread(cluster: Cluster) -> list[Problem]:
    """Files of DAGs that Airflow cannot import, so that it does not list what is in them."""
    with airflow.Airflow(cluster) as api:
        errors = api.ask("GET", "/api/v2/importErrors?limit=100")["import_errors"]
    return [unread_file(one) for one in errors]


def unread_file(error: dict[str, Any]) -> Problem:
    """The file, and the last line of its traceback."""
    words = next((line for line in reversed(error["stack_trace"].splitlines()) if line.strip()), "")
    hint = f"Fix dags/{PurePath(error['filename']).name}, then `make up`; its DAGs do not run until then."
    return Problem(f"DAG file {error['filename']} cannot be imported: {diagnosis.shortened(words.strip())}", hint)


def line_of(dag: str, schedule: str | None, run: dict[str, Any] | None) -> str:
    """A DAG and its newest run; Airflow says that a DAG without a schedule has the schedule "None"."""
    if run is None and schedule in (None, "None"):
        return f"DAG {dag} runs on request only, and has not yet"
    if run is None:
        return f"DAG {dag} has not run yet: make trigger DAG={dag}"
    return f"last run of DAG {dag}: {run['state']}, {run['start_date'] or 'not started'}"


def published(cluster: Cluster) -> list[str]:
    """What is published, according to the ledger; asked in Postgres' own pod, where no password is needed."""
    psql = ("psql", "--username=engineer", "--dbname=warehouse", "--tuples-only", "--no-align")
    lines = cluster.kubectl(*database.IN_POD, *psql, stdin=PUBLISHED.read_text(encoding="utf-8")).splitlines()
    return [line for line in lines if line] or ["nothing is published yet: make trigger"]


def firing(cluster: Cluster) -> list[str]:
    """The firing alerts, a line for each severity."""
    rules = [rule for rule in prometheus.alerting(prometheus.rules(cluster)) if rule.state == "firing"]
    names = {
        severity: [rule.name for rule in rules if rule.severity == severity]
        for severity in ("critical", "warning", "info")
    }
    return [f"{severity}: {', '.join(found)}" for severity, found in names.items() if found] or [NOTHING_FIRES]


def volume(claim: Object) -> str:
    """A claim in one line."""
    where = f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"
    size = claim["status"].get("capacity", {}).get("storage") or claim["spec"]["resources"]["requests"]["storage"]
    phase = claim["status"].get("phase", "")
    return f"{where:<44} {size:>6}  {'waiting for its first pod' if phase == 'Pending' else phase.lower()}"


def _or_why_not(ask: Callable[[], Answer]) -> Answer | PlatformError:
    try:
        return ask()
    except PlatformError as error:
        return error


def _problems(ask: Callable[[], list[Problem]]) -> list[Problem]:
    try:
        return ask()
    except PlatformError as error:
        return [Problem(error.message, error.hint)]


def _lines(answer: list[str] | PlatformError) -> list[str]:
    return [f"? {answer.message}"] if isinstance(answer, PlatformError) else answer
