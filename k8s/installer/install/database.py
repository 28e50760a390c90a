"""What the warehouse's server in the cluster holds: roles, logins, databases and versions, as it says itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from etl.core.errors import TransientError
from k8s.installer import paths
from k8s.installer.cluster.kubectl import DATA_PLATFORM, Cluster

OWNER = "platform_admin"  # of the warehouse's schemas; never logs in
SCHEMAS = ("ops", "silver", "gold", "stage", "parts", "iceberg")
READERS_OF_AIRFLOW = ("airflow", "backup")
NOTE = "data-platform/warehouse-version"  # an annotation of namespace data-platform
# Behind the Service is the one that can be written to. Without a pod, the answer comes immediately, not after a minute.
POD = ("service/postgres", f"--namespace={DATA_PLATFORM}", "--container=postgres", "--stdin")
IN_POD = ("exec", *POD, "--pod-running-timeout=5s", "--")
PSQL = ("psql", "--no-psqlrc", "--username=postgres", "--quiet", "--tuples-only", "--no-align")


@dataclass(frozen=True)
class Facts:
    """What the server said, by kind and name."""

    said: Mapping[tuple[str, str], str]
    connects: frozenset[tuple[str, str]] = frozenset()

    def __repr__(self) -> str:  # the verifiers of passwords are not for logs
        return f"Facts of server {self.identity}"

    @property
    def version(self) -> str:
        """Of the migrations; blank before the first."""
        return self.said.get(("version", "warehouse"), "")

    @property
    def airflow(self) -> str:
        """The version of Airflow that has migrated its database; blank before it has."""
        return self.said.get(("version", "airflow"), "")

    @property
    def major(self) -> int:
        return int(self.said["server", "major"])

    @property
    def identity(self) -> str:
        """Another one after the volume was lost, or Airflow's database was replaced."""
        return f"{self.said['server', 'id']}-{self.said.get(('database', 'airflow'), '')}"


def ask(cluster: Cluster) -> Facts:
    """The facts, from Postgres' own pod, where no password is needed. Raises: PlatformError if it does not answer."""
    script = (paths.SQL / "server.psql").read_text(encoding="utf-8")
    how = ("--dbname=postgres", "--set=ON_ERROR_STOP=1")
    found = facts(cluster.kubectl(*IN_POD, *PSQL, *how, stdin=script))
    if ("server", "id") not in found.said:
        raise TransientError("Postgres did not say what it holds.", hint="`make status` shows whether it works.")
    return found


def facts(lines: str) -> Facts:
    """The facts in what the script printed."""
    rows = [line.split("|", 2) for line in lines.splitlines() if line.count("|") >= 2]
    said = {(kind, name): value for kind, name, value in rows if kind != "connect"}
    return Facts(said, frozenset((role, database) for kind, role, database in rows if kind == "connect"))


def differences(found: Facts, logins: Mapping[str, str]) -> list[str]:
    """What `etl provision` would make or correct, so that these roles can log in with these passwords."""
    differs = []
    if ("role", OWNER) not in found.said:
        differs.append(f"there is no role {OWNER}")
    for role, password in logins.items():
        if ("role", role) not in found.said:
            differs.append(f"there is no role {role}")
        elif not accepts(found.said.get(("login", role), ""), password):
            differs.append(f"role {role} cannot log in with its password")
    for database in ("warehouse", "airflow"):
        readers = READERS_OF_AIRFLOW if database == "airflow" else [role for role in logins if role != "airflow"]
        if ("database", database) not in found.said:
            differs.append(f"there is no database {database}")
        elif shut_out := [role for role in readers if role in logins and (role, database) not in found.connects]:
            differs.append(f"{', '.join(shut_out)} may not connect to database {database}")
    return differs


def lost(found: Facts) -> list[str]:
    """Schemas that migrations once made and that are gone: only a backup brings them back."""
    return [name for name in SCHEMAS if found.version and ("schema", name) not in found.said]


def noted(cluster: Cluster) -> str:
    """The version that the last `make up` left, for when the server cannot be asked."""
    found = cluster.find("namespace", DATA_PLATFORM) or {"metadata": {}}
    return str(found["metadata"].get("annotations", {}).get(NOTE, ""))


def note(cluster: Cluster, version: str) -> None:
    """Leave the version for later."""
    cluster.kubectl("annotate", "namespace", DATA_PLATFORM, "--overwrite", f"{NOTE}={version}")


def newest() -> str:
    """The newest migration of this checkout."""
    return max(_versions(path.name for path in (paths.MIGRATIONS).iterdir()))


def _versions(names: Iterable[str]) -> list[str]:
    return [name[:4] for name in names if re.fullmatch(r"\d{4}_\w+\.py", name)]


def accepts(verifier: str, password: str) -> bool:
    """Whether a role with this SCRAM verifier can log in with this password. See RFC 5802, section 3."""
    parts = re.fullmatch(r"SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):.+", verifier)
    if parts is None:
        return False
    iterations, salt, stored = int(parts[1]), base64.b64decode(parts[2]), base64.b64decode(parts[3])
    prepared = unicodedata.normalize("NFKC", password).encode()
    salted = hashlib.pbkdf2_hmac("sha256", prepared, salt, iterations)
    key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(key).digest(), stored)
