"""Postgres' errors as ours: by SQLSTATE and type. Never by words, which come in the server's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2

from etl.core.errors import AccessError, ConfigError, PlatformError, WarehouseUnavailableError

AGAIN = "Nothing was half-published: run the same command again once it is back."


@dataclass(frozen=True)
class Reason:
    """What a class of SQLSTATEs means to the caller; `says` may name what Postgres said."""

    error: type[PlatformError]
    says: str
    hint: str

    def explain(self, message: str) -> PlatformError:
        return self.error(self.says.format(message=message), hint=self.hint)


UNREACHABLE = Reason(
    WarehouseUnavailableError, "Postgres cannot be reached, or closed the connection: {message}.", AGAIN
)
_LACKING = Reason(
    ConfigError,
    "The warehouse lacks its migrations: {message}.",
    "Run `etl migrate`. If it finds nothing to do, somebody dropped what it had made: restore a backup.",
)
_DAMAGED = Reason(
    ConfigError, "Files of the warehouse are damaged: {message}.", "Restore a backup: docs/how-to/restore-a-backup.md."
)
# By SQLSTATE, or by its first two characters: its class. What stands in neither is a bug of ours.
REASONS: Mapping[str, Reason] = {
    "08": UNREACHABLE,
    "25006": Reason(
        WarehouseUnavailableError,
        "Postgres is read-only: {message}.",
        "Set PGHOST to the primary if this is a replica; otherwise run the same command again once it takes writes.",
    ),
    "25P03": UNREACHABLE,
    "25P04": UNREACHABLE,
    "28": Reason(
        AccessError, "Postgres refuses the login: {message}.", "Check PGUSER, PGPASSWORD and the server's pg_hba.conf."
    ),
    "3D": Reason(ConfigError, "There is no such database: {message}.", "Check PGDATABASE, or create it."),
    "3F000": _LACKING,
    "40": Reason(WarehouseUnavailableError, "Postgres gave up: {message}.", AGAIN),
    "42501": Reason(AccessError, "Postgres refuses: {message}.", "Connect as a member of etl_loader (PGUSER)."),
    "42703": _LACKING,
    "42883": _LACKING,
    "42P01": _LACKING,
    "53": Reason(WarehouseUnavailableError, "Postgres ran out of a resource: {message}.", f"Make room. {AGAIN}"),
    "55P03": Reason(
        WarehouseUnavailableError,
        "Another run or a long query is holding a lock on the tables to be published.",
        "`etl status` shows running runs; run the same command again later.",
    ),
    "57": UNREACHABLE,
    "57014": Reason(
        WarehouseUnavailableError,
        "Somebody cancelled the statement: {message}.",
        "Nothing was half-published: run the same command again.",
    ),
    "58": UNREACHABLE,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}


def reason(sqlstate: str) -> Reason | None:
    """What it means; None if it is for the caller to handle, or a bug."""
    return REASONS.get(sqlstate) or REASONS.get(sqlstate[:2])


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours, once, here; a PlatformError from inside passes."""
    try:
        yield
    except PlatformError:
        raise
    except psycopg2.Error as error:
        raise _translate(error) from error


def said(error: psycopg2.Error) -> str:
    """The line with which the driver says what happened."""
    return str(error).strip().split("\n")[0] or type(error).__name__


def _translate(error: psycopg2.Error) -> Exception:
    known = reason(error.pgcode) if error.pgcode else _lost(error)
    return error if known is None else known.explain(said(error))


def _lost(error: psycopg2.Error) -> Reason | None:
    """Without a SQLSTATE nobody answered: the connection is gone, which the driver tells by any of three types."""
    is_lost = isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
    return UNREACHABLE if is_lost or type(error) is psycopg2.DatabaseError else None
