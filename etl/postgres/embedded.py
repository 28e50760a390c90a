"""An embedded Postgres for a laptop: started with the first command, stopped with the last.

File locks show who uses it and whether it runs: the kernel drops them with their process, whereas a process ID in a
file may have been given to another by now. The server itself holds one on its own folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psutil

from etl.core.errors import ConfigError, PlatformError, WarehouseUnavailableError
from etl.postgres import programs
from etl.postgres.errors import translated

# One machine, no replica: settings that make loading faster and are still crash-safe.
CONFIGURATION = """
wal_level = minimal
max_wal_senders = 0
shared_buffers = 256MB
maintenance_work_mem = 256MB
work_mem = 32MB
max_wal_size = 4GB
checkpoint_timeout = 15min
jit = off
max_connections = 50
"""
OURS = "wal_level = minimal"  # in the configuration of every folder that any version made
DATABASE = "warehouse"
PATIENCE_S = 120  # for recovery after a crash, and for a last checkpoint
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET = 103  # bytes, on macOS; Linux has a few more
PLAIN = re.compile(r"/[A-Za-z0-9/._+@-]*")  # libpq takes a comma apart, a shell much else
PREFIX = "%m [%p] %e "  # with the SQLSTATE, which says why it did not start
FATAL = re.compile(r" (\w{5}) (?:FATAL|PANIC):")
SHORT = "53"  # the class of SQLSTATEs for a full disk, no memory, too few file descriptors
USERS, SERVER = ".users", ".server"  # files to lock
program = programs.path


@contextmanager
def server(data: Path) -> Iterator[str]:
    """Run the server on that folder and yield a connection string; other processes, and blocks within, share it."""
    data = data.resolve()
    try:
        with _alone(data):
            if not (data / "PG_VERSION").exists():
                _create(data)
            _require_ours(data)
            users = _lock(data / USERS, fcntl.LOCK_SH)
            try:
                dsn = _start(data)
            except BaseException:
                os.close(users)
                raise
    except OSError as error:
        raise ConfigError(
            f"The embedded Postgres cannot use {data}: {error.strerror or error}.",
            hint="Set ETL_WAREHOUSE__EMBEDDED to a folder you may write to, or PGHOST to a server.",
        ) from error
    try:
        yield dsn
    finally:
        with suppress(OSError), _alone(data):  # others use it; or the folder is gone
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stop(data)
        os.close(users)


def stop(data: Path) -> None:
    """Stop the server on that folder, if there is one: a process that names this folder as its own, and no other."""
    process = _postmaster(data.resolve())
    if process is None:
        return
    with suppress(psutil.Error):  # it may end by itself, and be somebody else's
        process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + PATIENCE_S
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
            time.sleep(0.01)


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Nobody else creates, starts or stops it meanwhile."""
    data.parent.mkdir(parents=True, exist_ok=True)
    lock = _lock(data.with_name(f".{data.name}.lock"), fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)


def _lock(file: Path, kind: int) -> int:
    """An open file, locked until it is closed, here and in each process that inherits it."""
    opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(opened, kind)
    except BaseException:
        os.close(opened)
        raise
    return opened


def _create(data: Path) -> None:
    """Make the folder beside its place, so that a killed command leaves none that is half made."""
    with suppress(FileNotFoundError):
        data.rmdir()  # an empty one of the user's; else it fails
    new = data.with_name(f".{data.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    programs.give(new)
    same_everywhere = "--encoding=UTF8 --no-locale --locale-provider=builtin --builtin-locale=C.UTF-8 --auth=trust"
    with programs.shell_safe("initdb") as initdb:
        made = programs.run(
            [*programs.as_owner(new), initdb, *same_everywhere.split(), "--username=postgres", "-D", str(new)]
        )
    if made.returncode != 0:
        raise _broken(data, made.stdout)
    with (new / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(CONFIGURATION)
    new.rename(data)


def _require_ours(data: Path) -> None:
    if OURS not in (data / "postgresql.conf").read_text(encoding="utf-8", errors="replace"):
        raise ConfigError(
            f"{data} holds a Postgres that is not ours, or half of one.",
            hint="Set ETL_WAREHOUSE__EMBEDDED to another folder; remove this one if nothing in it is needed.",
        )
    version = (data / "PG_VERSION").read_text(encoding="utf-8", errors="replace").strip()
    if version != programs.MAJOR:
        raise ConfigError(
            f"{data} was made by PostgreSQL {version}, and this is {programs.MAJOR}.", hint=_again_from_the_lake(data)
        )


def _start(data: Path) -> str:
    """Start the server unless it runs; return the connection string of the database in it, once that answers."""
    dsn = f"postgresql://postgres:@/{{}}?host={quote(str(_short(data)), safe='/')}&port=5432"
    if not _answers(data, dsn.format("postgres")) and _launched(data, dsn) is not None:
        # If the server was killed while it gave up an unlogged table, the first recovery fails as it finds the table's
        # file in its way, which only the second one removes.
        said = _launched(data, dsn)
        if said is not None:
            raise _not_starting(data, said)
    return dsn.format(DATABASE)


def _launched(data: Path, dsn: str) -> str | None:
    """Start the server; returns what it logged if it ended instead of answering, or else None."""
    log = data / "log"
    written = log.stat().st_size if log.exists() else 0
    _launch(data)
    if _answers(data, dsn.format("postgres")):
        return None
    return log.read_bytes()[written:].decode(errors="replace")


def _launch(data: Path) -> None:
    stop(data)  # one of an earlier version, which holds no lock
    for left in ("postmaster.pid", f"{SOCKET}.lock"):  # by one that is gone; Postgres would believe their numbers
        (data / left).unlink(missing_ok=True)
    options = ["-D", str(data), "-k", ".", "-p", "5432", "-c", "listen_addresses=", "-c", f"log_line_prefix={PREFIX}"]
    lock = _lock(data / SERVER, fcntl.LOCK_EX)
    try:
        with (data / "log").open("ab") as log:
            background = ["sh", "-c", '"$@" &', "sh", *programs.as_owner(data), programs.path("postgres"), *options]
            programs.run(background, stdout=log, pass_fds=[lock])
    finally:
        os.close(lock)


def _answers(data: Path, dsn: str) -> bool:
    """Wait until the server answers, and see that it has the database; False once nothing runs."""
    import psycopg2

    deadline = time.monotonic() + PATIENCE_S
    while _is_served(data):
        try:
            connection = psycopg2.connect(dsn)
        except psycopg2.OperationalError as error:
            if time.monotonic() > deadline:
                raise _broken(data, str(error)) from error
            time.sleep(0.02)
            continue
        connection.autocommit = True
        with closing(connection), translated(), connection.cursor() as cursor:
            cursor.execute("select from pg_database where datname = %s", [DATABASE])
            if cursor.rowcount == 0:
                cursor.execute(f"create database {DATABASE}")
        return True
    return False


def _is_served(data: Path) -> bool:
    try:
        os.close(_lock(data / SERVER, fcntl.LOCK_EX | fcntl.LOCK_NB))
    except BlockingIOError:
        return True
    return False


def _postmaster(data: Path) -> psutil.Process | None:
    """The process that serves the folder; None if there is none here, whatever the file says."""
    try:
        process = psutil.Process(
            int((data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n")[0])
        )
        is_ours = process.name() == "postgres" and str(data) in process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return None
    return process if is_ours else None


def _short(data: Path) -> Path:
    """The folder by a path that fits into a socket's address and needs no quotes; a link of this user's, if need be."""
    if PLAIN.fullmatch(str(data)) and len(str(data / SOCKET)) <= LONGEST_SOCKET:
        return data
    links = Path(tempfile.gettempdir()) / f"etl-{os.geteuid()}"
    if not PLAIN.fullmatch(str(links)) or len(str(links)) > LONGEST_SOCKET // 2:
        links = Path("/tmp") / links.name  # noqa: S108 - checked below
    links.mkdir(mode=0o700, exist_ok=True)
    if links.is_symlink() or links.stat().st_uid != os.geteuid():
        raise ConfigError(f"{links} belongs to another user.", hint="Set TMPDIR to a folder of your own.")
    link = links / hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    with suppress(FileExistsError):
        link.symlink_to(data)
    return link


def _not_starting(data: Path, said: str) -> PlatformError:
    """Why a server ended instead of answering: something was short, or it never will."""
    if any(state.startswith(SHORT) for state in FATAL.findall(said)):
        return _broken(data, said)
    return ConfigError(_says(data, said), hint=f"See {data / 'log'}. {_again_from_the_lake(data)}")


def _broken(data: Path, said: str) -> WarehouseUnavailableError:
    return WarehouseUnavailableError(_says(data, said), hint=f"See its log in {data / 'log'}.")


def _says(data: Path, said: str) -> str:
    lines = [line for line in said.splitlines() if re.search("FATAL|PANIC|rror: ", line)] or said.splitlines()
    why = f": {re.sub('^.*?(FATAL|PANIC|error): *', '', lines[-1])}" if lines else ""
    return f"The embedded Postgres in {data} does not start{why}."


def _again_from_the_lake(data: Path) -> str:
    return f"Move {data} away; then `etl rebuild SOURCE` publishes each source again, from the lake."
