"""Connections to Postgres, and its errors in our words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2 import errors as pg
from psycopg2 import sql
from psycopg2.extras import RealDictCursor

from etl.core.errors import AccessError, ConfigError, PlatformError, WarehouseUnavailableError
from etl.sql.statements import statement

AGAIN = "Nothing was half-published: run the same command again once it is back."


class Warehouse:
    """One session with Postgres. Use as a context manager; statements outside `transaction` commit at once."""

    def __init__(self, dsn: str, *, role: str | None = None, lock_timeout_s: float = 60) -> None:
        self.dsn = dsn
        options = f"-c timezone=UTC -c lock_timeout={int(lock_timeout_s * 1000)} -c client_min_messages=warning"
        if role is not None:
            options += f" -c role={role}"
        with translated():
            self._connection = psycopg2.connect(dsn, options=options, application_name="etl", connect_timeout=10)
            self._connection.autocommit = True

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: commits when the block ends well, else leaves no trace. A block within belongs to it."""
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


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours, once, here; a PlatformError from inside passes."""
    try:
        yield
    except PlatformError:
        raise
    except psycopg2.Error as error:
        raise _translate(error) from error


def _translate(error: psycopg2.Error) -> Exception:
    said = str(error).strip().split("\n")[0] or type(error).__name__
    match error:
        case pg.UniqueViolation():
            return error  # means something to the caller: a double key
        case pg.InsufficientPrivilege():
            return AccessError(f"Postgres refuses: {said}.", hint="Connect as a member of etl_loader (PGUSER).")
        case pg.UndefinedTable() | pg.UndefinedFunction() | pg.InvalidSchemaName() | pg.UndefinedColumn():
            return ConfigError(f"The warehouse lacks its migrations: {said}.", hint="Run `etl migrate`.")
        case pg.DiskFull() | pg.OutOfMemory() | pg.TooManyConnections():
            return WarehouseUnavailableError(f"Postgres ran out of something: {said}.", hint=f"Make room. {AGAIN}")
        case pg.LockNotAvailable():
            return WarehouseUnavailableError(
                "Another run or a long query holds the tables that were to be published.",
                hint="`etl status` shows running runs; run the same command again later.",
            )
        case pg.SerializationFailure() | pg.DeadlockDetected():
            return WarehouseUnavailableError(f"Postgres gave up: {said}.", hint=AGAIN)
        case _ if isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError) or _server_vanished(error):
            return _connection_error(said)
    return error


def _server_vanished(error: psycopg2.Error) -> bool:
    """Of a server that is gone in the middle of a statement the driver sometimes says no more than DatabaseError."""
    return type(error) is psycopg2.DatabaseError and error.pgcode is None


def _connection_error(said: str) -> PlatformError:
    """Libpq reports a refused login only in words."""
    if "password authentication failed" in said or "no password supplied" in said or "no pg_hba.conf entry" in said:
        return AccessError(f"Postgres refuses the login: {said}.", hint="Check PGUSER and PGPASSWORD.")
    if "role" in said and "does not exist" in said:
        return ConfigError(f"Postgres has no such role: {said}.", hint="Check PGUSER, or run `etl migrate` as owner.")
    if "database" in said and "does not exist" in said:
        return ConfigError(f"There is no such database: {said}.", hint="Check PGDATABASE, or create it.")
    if any(words in said for words in ("invalid ", "could not translate host name", "definition of service")):
        return ConfigError(
            f"Postgres cannot be found: {said}.", hint="Check PGHOST, PGPORT and libpq's other variables."
        )
    return WarehouseUnavailableError(f"Postgres cannot be reached or hung up: {said}.", hint=AGAIN)
