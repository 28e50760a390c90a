"""`make restore`: what a backup or a moment held, beside what is there now, with the differences; then in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from etl.core.errors import ConfigError, UsageError
from k8s.installer import console
from k8s.installer.cluster import contexts
from k8s.installer.cluster.kubectl import DATA_PLATFORM, Cluster
from k8s.installer.install import recovery

PLACE = ("job/restore", "--namespace", DATA_PLATFORM)
BACKUP = re.compile(r"\d{8}T\d{6}Z")


def restore(cluster_option: str, to: str, at: str, folder: str, database: str, table: str, *, replace: bool) -> None:
    """Load it beside, show what differs, and stop there unless it is to replace a table or the database.

    Without `to`, a backup's name, or `at`, a moment, list what there is. Raises: UsageError, and what the tools say.
    """
    wanted = label(to, at)
    cluster = contexts.installed(cluster_option)
    with place(cluster):
        if not wanted:
            listed(cluster)
            return
        beside = f"{database}_{wanted}"
        if not is_there(cluster, beside):
            if at:
                with recovery.recovered(cluster, moment(at), folder) as host:
                    say(cluster, "copy", database, host, beside)
            else:
                say(cluster, "load", to, database)
        if table:
            say(cluster, "table", table, beside)
            return
        say(cluster, "compare", database, beside)
        if replace:
            say(cluster, "swap", database, beside)
            console.say("Next: make up (roles, rights, migrations), then make trigger for what is newer")
        else:
            given = " ".join(f"{name}={value}" for name, value in (("TO", to), ("AT", at), ("FOLDER", folder)) if value)
            console.say(f"{beside} is beside {database}; nothing uses it yet.")
            console.say(f"Next: make restore {given} REPLACE=1 (or TABLE=silver.…) · make psql ARGS='-d {beside}'")


def label(to: str, at: str) -> str:
    """How a database that is restored beside ends. Raises: UsageError."""
    if to and at:
        raise UsageError("TO and AT are two places to restore from.", hint="Give one: a backup's name, or a moment.")
    if to and not BACKUP.fullmatch(to):
        raise UsageError(f"'{to}' is not a backup's name.", hint="`make restore` lists them: 20261121T023000Z.")
    return (to or f"{moment(at) or datetime.now(UTC):%Y%m%dT%H%M%SZ}").lower() if to or at else ""


def moment(at: str) -> datetime | None:
    """The instant that is meant; None for the newest. Raises: UsageError."""
    if at in ("", "newest"):
        return None
    try:
        found = datetime.fromisoformat(at)
    except ValueError as error:
        raise UsageError(f"'{at}' is not a time.", hint="AT=2026-11-21T09:59:00Z, or AT=newest.") from error
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)


@contextmanager
def place(cluster: Cluster) -> Iterator[None]:
    """The pod with the server's programs and the volume of the backups, for as long as it is needed."""
    if cluster.find("cronjob", "restore", DATA_PLATFORM) is None:
        raise ConfigError(
            "No backups are made here.", hint="With WAREHOUSE_HOST, your provider makes and restores them."
        )
    was_there = cluster.find("job", "restore", DATA_PLATFORM) is not None
    if not was_there:
        cluster.kubectl("create", *PLACE, "--from=cronjob/restore")
    cluster.kubectl("wait", *PLACE, "--for=jsonpath={.status.ready}=1", "--timeout=300s")
    try:
        yield
    finally:
        if not was_there:
            cluster.kubectl("delete", *PLACE, "--wait=false")


def is_there(cluster: Cluster, database: str) -> bool:
    """Whether it was restored before."""
    return "yes" in cluster.kubectl("exec", *PLACE, "--", "restore", "has", database)


def listed(cluster: Cluster) -> None:
    """The backups, and since when every moment can be restored."""
    say(cluster, "list")
    for line in recovery.window(cluster):
        console.say(line)


def say(cluster: Cluster, *arguments: str) -> None:
    """One command of the pod's `restore`, and what it says."""
    console.say(cluster.kubectl("exec", *PLACE, "--", "restore", *arguments).rstrip())
