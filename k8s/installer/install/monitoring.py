"""The content of monitoring/ as the releases take it: mapping, queries, rules, dashboards, the URL of the runbooks."""

from __future__ import annotations

import re
from pathlib import Path

from etl.core.errors import PlatformError
from k8s.installer import paths
from k8s.installer.cluster import shell
from k8s.installer.cluster.kubectl import DATA_PLATFORM, Object
from k8s.installer.install import objects

RULES = paths.MONITORING / "rules"
DASHBOARDS = paths.MONITORING / "dashboards" / "json"
QUERIES = paths.MONITORING / "postgres" / "queries.yaml"
QUERY_FILE = re.compile(r"^( *)query_file: *(\S+)$", re.MULTILINE)
# Host and path of a remote in each of git's notations; a user, which may contain a token, is left out.
REMOTE = re.compile(r"(?:(?:https|ssh)://(?:[^@/]*@)?|[\w.-]+@)([\w.-]+)(?::\d+)?[:/]([^@]+?)(?:\.git)?/?")


def mapping() -> str:
    """How StatsD values become metrics."""
    return (paths.MONITORING / "statsd" / "mapping.yaml").read_text(encoding="utf-8")


def rules() -> dict[str, str]:
    """Rule files by name."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(RULES.glob("*.yaml"))}


def dashboards() -> dict[str, str]:
    """Dashboards by uid."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(DASHBOARDS.glob("*.json"))}


def queries() -> str:
    """What the Postgres exporter asks the ledger: the name of each file is replaced by its statement."""

    def statement(found: re.Match[str]) -> str:
        indent, name = found.groups()
        lines = (paths.ROOT / name).read_text(encoding="utf-8").splitlines()
        return "\n".join([f"{indent}query: |-", *(f"{indent}  {line}".rstrip() for line in lines)])

    return QUERY_FILE.sub(statement, QUERIES.read_text(encoding="utf-8"))


def queries_map() -> Object:
    """The ConfigMap that the exporter mounts."""
    return objects.config_map(DATA_PLATFORM, "postgres-exporter-queries", {"queries.yaml": queries()})


def runbooks(root: Path = paths.ROOT) -> str:
    """The URL of the runbooks in the repository that this checkout came from; without one, their folder's name."""
    try:
        url = shell.run(["git", "-C", str(root), "remote", "get-url", "origin"])
    except PlatformError:  # no git, no repository, no remote
        url = ""
    remote = REMOTE.fullmatch(url.strip())
    folder = paths.RUNBOOKS.relative_to(paths.ROOT).as_posix()
    return f"https://{remote[1]}/{remote[2]}/blob/main/{folder}" if remote else folder
