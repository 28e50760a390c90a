"""`make psql`: a shell on the warehouse, the server's certificate verified."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from etl.core.errors import UsageError
from k8s.platform import forward, installed
from k8s.platform.cluster import DATA_PLATFORM


def psql(cluster_option: str, role: str, arguments: Sequence[str]) -> int:
    """Open psql as this role. Returns psql's exit code.

    The password goes by a file that only this user may read, and that is gone afterwards.
    """
    cluster = installed.find(cluster_option)
    logins = installed.secret(cluster, DATA_PLATFORM, "warehouse-logins")
    superuser = installed.secret(cluster, DATA_PLATFORM, "warehouse-superuser")
    logins[superuser["username"]] = superuser["password"]
    if role not in logins:
        raise UsageError(f"There is no role '{role}'.", hint=f"ROLE is one of {', '.join(sorted(logins))}.")
    tls = installed.secret(cluster, DATA_PLATFORM, "warehouse-tls")
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
        # Ctrl-C cancels a query; that is psql's business, not ours.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return subprocess.call([program(), *arguments], env=inherited | settings)
        finally:
            signal.signal(signal.SIGINT, before)


def program() -> str:
    """The machine's psql, or the one that the embedded server of `make run` brought along."""
    found = shutil.which("psql")
    if found is not None:
        return found
    from etl.postgres import embedded

    return str(embedded.program("psql"))
