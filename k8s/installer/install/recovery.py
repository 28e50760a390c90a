"""A server as it was at a moment, from CloudNativePG's archive: beside the warehouse, for as long as it is read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from etl.core.errors import ConfigError, TransientError, UsageError
from k8s.installer import console
from k8s.installer.cluster.kubectl import DATA_PLATFORM, Cluster, Object, decoded
from k8s.installer.errors import FailedError
from k8s.installer.install import cnpg, database, readiness
from k8s.installer.install.readiness import Snapshot

NAME = "restored"
HOST = f"{NAME}-rw.{DATA_PLATFORM}.svc"
KEPT = (
    *("imageName", "imagePullPolicy", "imagePullSecrets", "enableSuperuserAccess", "superuserSecret", "certificates"),
    *("storage", "resources", "affinity", "ephemeralVolumesSizeLimit"),
)
OUTSIDE = "`make restore` says since when moments can be restored; AT=newest is the last one."
ARCHIVE_S = 300
DEADLINE_S = 6 * 3600  # a large one is copied from the archive first
LOOK_EVERY_S = 1.0


@contextmanager
def recovered(cluster: Cluster, at: datetime | None, folder: str) -> Iterator[str]:
    """The host of a server that is as it was then, or as the archive ends; it goes when the block ends.

    Raises: ConfigError without an archive, UsageError for a folder that never was, TransientError if it does not start.
    """
    server = cnpg.find(cluster)
    if server is None or "backup" not in server["spec"]:
        raise ConfigError(
            "There is no archive, so only backups can be restored.",
            hint="`make restore` lists them; docs/how-to/a-warehouse-that-fails-over.md says how to get an archive.",
        )
    now = str(server["spec"]["backup"]["barmanObjectStore"]["serverName"])
    folder = _folder(cluster, now, folder)
    _gone(cluster)
    if folder == now:
        _archive_all(cluster)
    begun = time.monotonic()
    cluster.apply([manifest(server, at, folder)])
    try:
        _await(cluster)
        console.say(
            f"A server as it was {at or 'at the end of the archive'} runs after {time.monotonic() - begun:.0f} s."
        )
        yield HOST
    finally:
        _gone(cluster)


def manifest(server: Object, at: datetime | None, folder: str) -> Object:
    """A Cluster of one instance that begins as `server` was at a moment, in a folder of its archive."""
    spec = server["spec"]
    archive = {**spec["backup"]["barmanObjectStore"], "serverName": folder}
    target = {"recoveryTarget": {"targetTime": f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f+00}"}} if at else {}
    application = {"database": "warehouse", "owner": "postgres", "secret": spec["superuserSecret"]}
    own = {name: spec[name] for name in KEPT if name in spec}
    postgresql = {name: value for name, value in spec["postgresql"].items() if name != "synchronous"}
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": {"name": NAME, "namespace": DATA_PLATFORM},
        "spec": {
            **own,
            "instances": 1,
            "postgresql": postgresql,
            "bootstrap": {"recovery": {"source": "archive", **application, **target}},
            "externalClusters": [{"name": "archive", "barmanObjectStore": archive}],
        },
    }


def window(cluster: Cluster) -> list[str]:
    """Since when every moment can be restored."""
    server = cnpg.find(cluster)
    if server is None or "backup" not in server["spec"]:
        return []
    folder = server["spec"]["backup"]["barmanObjectStore"]["serverName"]
    lines = ["No base backup is in the archive yet."]
    if backups := [one for one in _backups(cluster) if one.get("serverName") == folder]:
        first = min(str(one["stoppedAt"]) for one in backups)
        lines = [f"AT=…: every moment since {first}, to within {_timeout(server)}; AT=newest is the last one"]
    former = decoded(cluster.find("secret", cnpg.ARCHIVE[1], cnpg.ARCHIVE[0]) or {}).get("FORMER", "")
    return [*lines, *(f"FOLDER={name} AT=…: of a server before this one" for name in former.split())]


def _timeout(server: Object) -> str:
    return str(server["spec"]["postgresql"]["parameters"]["archive_timeout"])


def _backups(cluster: Cluster) -> list[dict[str, Any]]:
    path = f"/apis/postgresql.cnpg.io/v1/namespaces/{DATA_PLATFORM}/backups"
    found = json.loads(cluster.kubectl("get", "--raw", path))["items"]
    return [one["status"] for one in found if one.get("status", {}).get("phase") == "completed"]


def _folder(cluster: Cluster, now: str, wanted: str) -> str:
    former = decoded(cluster.find("secret", cnpg.ARCHIVE[1], cnpg.ARCHIVE[0]) or {}).get("FORMER", "").split()
    if wanted and wanted not in (now, *former):
        raise UsageError(f"The archive has no folder '{wanted}'.", hint=f"There are {', '.join((now, *former))}.")
    return wanted or now


def _archive_all(cluster: Cluster) -> None:
    """Whatever is committed by now; Postgres stops at a moment only if it sees a commit after it."""
    ask = (*database.IN_POD, *database.PSQL, "--dbname=postgres")
    commit, switch = "select pg_current_xact_id()", "select pg_walfile_name(pg_switch_wal())"
    segment = cluster.kubectl(*ask, f"--command={commit}", f"--command={switch}").split()[-1]
    newest = "--command=select coalesce(last_archived_wal, '') from pg_stat_archiver"
    until = time.monotonic() + ARCHIVE_S
    while cluster.kubectl(*ask, newest).strip() < segment:
        if time.monotonic() > until:
            hint = "monitoring/runbooks/WarehouseArchiveFailing.md"
            raise TransientError("The newest WAL does not reach the archive.", hint=hint)
        time.sleep(LOOK_EVERY_S)


def _await(cluster: Cluster) -> None:
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        [made] = [one for one in cnpg.clusters(cluster) if one["metadata"]["name"] == NAME]
        if cnpg.is_ready(made):
            return
        pods = cluster.list("pods", DATA_PLATFORM, f"--selector={cnpg.LABEL}={NAME}")
        if failed := [pod for pod in pods if pod["status"].get("phase") == "Failed"]:
            raise FailedError(f"It could not be restored: {_last_words(cluster, failed[-1])}", hint=OUTSIDE)
        snapshot = Snapshot(DATA_PLATFORM, [made, *pods])
        for failure in readiness.failures(snapshot, [made]):
            raise FailedError(f"The server at that moment does not start: {failure.reason}", hint=OUTSIDE)
        time.sleep(LOOK_EVERY_S)
    raise TransientError(
        "The server at that moment did not start.", hint=f"kubectl -n data-platform get pods -l {cnpg.LABEL}={NAME}"
    )


def _last_words(cluster: Cluster, pod: Object) -> str:
    """What Postgres, or who restores it, said last that was wrong."""
    log = cluster.kubectl("logs", pod["metadata"]["name"], "--namespace", DATA_PLATFORM, "--tail=200")
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    fatal = [one["record"]["message"] for one in lines if one.get("record", {}).get("error_severity") == "FATAL"]
    errors = [str(one.get("error") or one.get("msg")) for one in lines if one.get("level") == "error"]
    return next(iter([*fatal, *errors]), "its log says no more")


def _gone(cluster: Cluster) -> None:
    where = ("--namespace", DATA_PLATFORM)
    cluster.kubectl("delete", cnpg.KIND, NAME, *where, "--ignore-not-found", "--cascade=foreground", "--timeout=180s")
    cluster.kubectl("wait", "--for=delete", "pvc", f"--selector={cnpg.LABEL}={NAME}", *where, "--timeout=60s")
