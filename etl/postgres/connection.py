"""Connections to Postgres: the same session whatever the environment, the role, the database or a pooler says."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import make_dsn
from psycopg2.extras import RealDictCursor

from etl.core.errors import ConfigError
from etl.postgres import refusals
from etl.postgres.errors import translated
from etl.postgres.pooling import refuse_shared
from etl.sql.statements import statement

CONNECT_WITHIN_S = 10
# Given explicitly, these win over libpq's variables, a service file and the defaults of the role; `options` are none:
# a pooler refuses them, and what they could say is said once the connection stands.
PARAMETERS = {
    "client_encoding": "UTF8",
    "application_name": "etl",
    "options": "",
    "connect_timeout": CONNECT_WITHIN_S,
    "keepalives_idle": 60,  # else a firewall that forgets the connection keeps us waiting for two hours
    "keepalives_interval": 10,
    "keepalives_count": 6,
    "tcp_user_timeout": 120_000,
}


class Warehouse:
    """One session with Postgres. Use as a context manager; statements outside `transaction` commit immediately.

    Raises: AccessError, ConfigError or WarehouseUnavailableError, by what the server or the network refuses.
    """

    def __init__(self, dsn: str, *, role: str | None = None, lock_timeout_s: float = 60) -> None:
        self.dsn = dsn
        self.lock_timeout_s = lock_timeout_s
        told = make_dsn(dsn, **PARAMETERS)
        self._connection = _connect(told)
        try:
            with translated():
                self._connection.autocommit = True
                self._connection.set_client_encoding("UTF8")
                refuse_shared(self._connection, told)
            self._refuse_other_encodings()
            self.run("session/settle", {"role": role, "lock_timeout": str(int(lock_timeout_s * 1000))})
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: commits if the block succeeds, otherwise leaves no trace. A nested block is part of it."""
        if not self._connection.autocommit:
            yield
            return
        with translated():
            self._connection.autocommit = False
            try:
                with self._connection:
                    yield
            finally:
                if not self._connection.closed:
                    self._connection.autocommit = True

    def run(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Execute `sql/<name>.sql` and return its rows, if it has any."""
        return self.execute(statement(name), parameters)

    def execute(
        self, query: str | sql.Composable, parameters: Mapping[str, Any] | Sequence[Any] | None = None
    ) -> list[dict[str, Any]]:
        with translated(), self._connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(query, parameters)
            return [dict(row) for row in cursor] if cursor.description else []

    def copy(self, command: sql.Composable, file: Any) -> None:
        """Send a stream that Postgres reads with `copy … from stdin`."""
        with translated(), self._connection.cursor() as cursor:
            cursor.copy_expert(command, file, size=1 << 16)

    @property
    def namespace(self) -> str:
        """Where the database is, without secrets: `postgres://host:port/database`."""
        info = self._connection.info
        host = info.host or "localhost"
        return f"postgres://{'localhost' if host.startswith('/') else host}:{info.port}/{info.dbname}"

    @property
    def raw(self) -> Any:
        """psycopg2's own connection, for the migration tool."""
        return self._connection

    def _refuse_other_encodings(self) -> None:
        """A database that cannot hold every character would refuse some rows, or keep them as something else."""
        info = self._connection.info
        encoding = info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise ConfigError(
                f"The database {info.dbname} is encoded in {encoding}, which cannot hold all that APIs send.",
                hint="Create another one, and set PGDATABASE to it: "
                "`create database warehouse encoding 'UTF8' locale 'C' template template0`.",
            )


def _connect(dsn: str) -> Any:
    started = time.monotonic()
    try:
        return psycopg2.connect(dsn)
    except psycopg2.Error as error:
        is_timeout = time.monotonic() - started >= CONNECT_WITHIN_S
        raise refusals.explained(dsn, error, is_timeout=is_timeout) from error
