"""`make restore`: what a backup or a moment held, beside what is there now, with the differences; then in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from etl.core.errors import ConfigError, UsageError
from k8s.installer import console
from k8s.installer.cluster import contexts
from k8s.installer.cluster.kubectl import DATA_PLATFORM, Cluster
from k8s.installer.cluster.shell import ToolError
from k8s.installer.errors import FailedError
from k8s.installer.install import recovery

PLACE = ("job/restore", "--namespace", DATA_PLATFORM)
BACKUP = re.compile(r"\d{8}T\d{6}Z")
DATABASES = ("warehouse", "airflow")


@dataclass(frozen=True)
class Wish:
    """What is to come back, checked."""

    to: str = ""
    at: str = ""
    folder: str = ""
    database: str = "warehouse"
    table: str = ""
    replace: bool = False
    forget: bool = False

    def __post_init__(self) -> None:
        if self.to and self.at:
            raise UsageError("TO and AT were both given.", hint="Give one: a backup's name, or a moment.")
        if self.to and not BACKUP.fullmatch(self.to):
            raise UsageError(f"'{self.to}' is not a backup's name.", hint="`make restore` lists them.")
        if self.database not in DATABASES:
            raise UsageError(f"There is no database '{self.database}'.", hint=f"DATABASE is {' or '.join(DATABASES)}.")
        if not (self.to or self.at) and (self.table or self.replace or self.forget):
            raise UsageError(
                "From when?", hint="TO=20261121T023000Z or AT=2026-11-21T09:59:00Z; `make restore` lists them."
            )
        _ = self.moment

    @property
    def moment(self) -> datetime | None:
        """The instant that AT means; None for the newest. Raises: UsageError."""
        if self.at in ("", "newest"):
            return None
        try:
            found = datetime.fromisoformat(self.at.replace("Z", "+00:00"))
        except ValueError as error:
            raise UsageError(f"'{self.at}' is not a time.", hint="AT=2026-11-21T09:59:00Z, or AT=newest.") from error
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)

    @property
    def beside(self) -> str:
        """The database that it is restored into."""
        when = self.to or (f"{self.moment:%Y%m%dT%H%M%SZ}" if self.moment else "newest")
        return f"{self.database}_{when.lower()}"

    def __str__(self) -> str:
        given = {"TO": self.to, "AT": self.at, "FOLDER": self.folder}
        given |= {"DATABASE": self.database if self.database != "warehouse" else ""}
        return " ".join(f"{name}={value}" for name, value in given.items() if value)


def restore(cluster_option: str, wish: Wish) -> None:
    """Restore it beside, unless it is there, and show what differs; that is all, unless the wish says more.

    Raises: ConfigError where no backups are made, and what the tools say.
    """
    cluster = contexts.installed(cluster_option)
    with _place(cluster):
        if not (wish.to or wish.at):
            _list(cluster)
        elif wish.forget:
            _in_place(cluster, "forget", wish.beside)
            console.say(f"{wish.beside} is gone.")
        else:
            _beside(cluster, wish)
            _then(cluster, wish)


def _beside(cluster: Cluster, wish: Wish) -> None:
    if "yes" in cluster.kubectl("exec", *PLACE, "--", "restore", "has", wish.beside):
        console.say(f"{wish.beside} was restored before (FORGET=1 drops it).")
    elif wish.at:
        with recovery.recovered(cluster, wish.moment, wish.folder) as host:
            _in_place(cluster, "copy", wish.database, host, wish.beside)
    else:
        _in_place(cluster, "load", wish.to, wish.database)


def _then(cluster: Cluster, wish: Wish) -> None:
    _in_place(cluster, "compare", wish.database, wish.beside)
    if wish.table:
        _in_place(cluster, "table", wish.table, wish.beside)
    elif wish.replace:
        _in_place(cluster, "swap", wish.database, wish.beside)
        console.say("Next: make up (it corrects roles, rights and versions) · make trigger (for what is newer)")
    else:
        look = f"make psql ROLE=postgres ARGS='-d {wish.beside}'"
        console.say(f"Next: {look} · make restore {wish} REPLACE=1 (or TABLE=silver.…) · make restore {wish} FORGET=1")


@contextmanager
def _place(cluster: Cluster) -> Iterator[None]:
    """The pod with the server's programs and the volume of the backups, for as long as it is needed."""
    if cluster.find("cronjob", "restore", DATA_PLATFORM) is None:
        raise ConfigError(
            "No backups are made here.", hint="With WAREHOUSE_HOST, your provider makes them; else: make up"
        )
    is_ours = cluster.find("job", "restore", DATA_PLATFORM) is None
    if is_ours:
        cluster.kubectl("create", "job", "restore", "--namespace", DATA_PLATFORM, "--from=cronjob/restore")
    cluster.kubectl("wait", *PLACE, "--for=jsonpath={.status.ready}=1", "--timeout=300s")
    try:
        yield
    finally:
        if is_ours:
            cluster.kubectl("delete", *PLACE)


def _list(cluster: Cluster) -> None:
    """The nightly backups, and of which moments there is an archive."""
    moments = recovery.window(cluster)
    try:
        _in_place(cluster, "list")
    except FailedError as error:
        if not moments:
            raise
        console.say(error.message)
    console.say("\n".join(moments))


def _in_place(cluster: Cluster, *arguments: str) -> None:
    """One command of the pod's `restore`, and what it says. Raises: FailedError, in its words."""
    try:
        console.say(cluster.kubectl("exec", *PLACE, "--", "restore", *arguments).rstrip())
    except ToolError as error:
        lines = error.output.splitlines()
        words = dict(line.split(": ", 1) for line in lines if line.startswith(("error: ", "hint: ")))
        if "error" not in words:
            raise
        for line in lines[: lines.index(f"error: {words['error']}")]:
            console.say(f"  {line}")
        raise FailedError(words["error"], hint=words.get("hint", "")) from error
