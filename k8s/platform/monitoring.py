"""What monitoring/ holds, as the releases take it: mapping, queries, rules, dashboards, and where runbooks are read."""

from __future__ import annotations

import re
from pathlib import Path

from etl.core.errors import PlatformError
from k8s.platform import paths, shell
from k8s.platform.cluster import DATA_PLATFORM, Object
from k8s.platform.generated import LABELS

RULES = paths.MONITORING / "rules"
DASHBOARDS = paths.MONITORING / "dashboards" / "json"
RUNBOOKS = paths.MONITORING / "runbooks"
QUERIES = paths.MONITORING / "postgres" / "queries.yaml"
QUERY_FILE = re.compile(r"^( *)query_file: *(\S+)$", re.MULTILINE)
# Host and path of a remote in each of git's notations; a user, who may carry a token, is left out.
REMOTE = re.compile(r"(?:(?:https|ssh)://(?:[^@/]*@)?|[\w.-]+@)([\w.-]+)(?::\d+)?[:/]([^@]+?)(?:\.git)?/?")


def mapping() -> str:
    """What becomes of StatsD values."""
    return (paths.MONITORING / "statsd" / "mapping.yaml").read_text(encoding="utf-8")


def rules() -> dict[str, str]:
    """Rule files by name."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(RULES.glob("*.yaml"))}


def dashboards() -> dict[str, str]:
    """Dashboards by uid."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(DASHBOARDS.glob("*.json"))}


def queries() -> str:
    """What the Postgres exporter asks of the ledger: each named file's statement in the place of its name."""

    def statement(found: re.Match[str]) -> str:
        indent, name = found.groups()
        lines = (paths.ROOT / name).read_text(encoding="utf-8").splitlines()
        return "\n".join([f"{indent}query: |-", *(f"{indent}  {line}".rstrip() for line in lines)])

    return QUERY_FILE.sub(statement, QUERIES.read_text(encoding="utf-8"))


def queries_map() -> Object:
    """The ConfigMap that the exporter mounts."""
    metadata = {"namespace": DATA_PLATFORM, "name": "postgres-exporter-queries", "labels": LABELS}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"queries.yaml": queries()}}


def runbooks(root: Path = paths.ROOT) -> str:
    """Where a browser finds the runbooks: in the repository that this checkout came from, else their folder's name."""
    try:
        asked = shell.run(["git", "-C", str(root), "remote", "get-url", "origin"])
    except PlatformError:  # no git, no repository, no remote
        asked = ""
    remote = REMOTE.fullmatch(asked.strip())
    folder = RUNBOOKS.relative_to(paths.ROOT).as_posix()
    return f"https://{remote[1]}/{remote[2]}/blob/main/{folder}" if remote else folder
