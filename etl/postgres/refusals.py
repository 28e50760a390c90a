"""Why a connection did not come about.

psycopg2 passes on one text, in the language of the server, and no SQLSTATE. So we connect once more with libpq itself:
set to verbose errors beforehand, it names the SQLSTATE, and the phase in which it failed shows the rest.
"""

from __future__ import annotations

import ctypes
import os
import re
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import psycopg2
from psycopg2 import _psycopg

from etl.core.errors import ConfigError, PlatformError, TransientError, WarehouseUnavailableError
from etl.postgres.errors import REASONS, UNREACHABLE, Reason, reason, said

ANSWER_WITHIN_S = 10
VERBOSE = 2  # PQERRORS_VERBOSE: with SQLSTATE, and with the place in the server's source
READING, WRITING = 1, 2  # of PostgresPollingStatusType
BAD = 1  # of ConnStatusType, and those in which both sides settle how to talk: TLS, GSS, who is who
NEGOTIATING = {3, 4, 5, 7, 11, 15}
SERVER_SAID = re.compile(r"(?:^| failed: )[^:\n]+:  ([0-9A-Z]{5}): ", re.MULTILINE)
TLS_BROKE_OFF = "SSL SYSCALL error"  # libpq's own words, which it translates for nobody who has set no locale
SERVERS_ROUTINE = re.compile(r"^LOCATION:  (\w+)", re.MULTILINE)

NO_ROLE = Reason(
    ConfigError,
    "Postgres has no such role, or one that may not log in: {message}.",
    "Check PGUSER, or run `etl migrate` as owner.",
)
NOT_FOUND = Reason(
    ConfigError, "Postgres cannot be found: {message}.", "Check PGHOST, PGPORT and libpq's other variables."
)
NO_AGREEMENT = Reason(
    ConfigError,
    "Postgres and this client do not agree on how to connect: {message}.",
    "Check PGSSLMODE, PGSSLROOTCERT and libpq's other variables, and the server's certificate.",
)
SETTINGS = Reason(
    ConfigError, "Postgres refuses a setting of the connection: {message}.", "Check PGTZ and libpq's other variables."
)
CLOSED = Reason(WarehouseUnavailableError, "The database takes no connections: {message}.", UNREACHABLE.hint)


@dataclass(frozen=True)
class Failure:
    """What became of one address, and how: `phase` is None if the network was not even tried."""

    text: str
    phase: int | None = None
    has_hung_up: bool = False
    wants_password: bool = False
    host: str = ""

    @property
    def reason(self) -> Reason:
        if found := SERVER_SAID.search(self.text):
            return _servers(found[1], self.text)
        if not self.text.startswith("connection to "):
            return UNREACHABLE if _is_name_service_down(self.host) else NOT_FOUND
        if self.wants_password:
            return REASONS["28"]
        return NO_AGREEMENT if self.phase in NEGOTIATING and not self.has_hung_up else UNREACHABLE


def explained(dsn: str, error: psycopg2.Error, *, is_timeout: bool) -> PlatformError:
    """The error of a connection that failed, as ours. Of several servers, one that may come back is worth waiting."""
    reasons = [] if is_timeout else [failure.reason for failure in _failures(dsn)]
    worth_waiting = (each for each in reasons if issubclass(each.error, TransientError))
    return next(worth_waiting, reasons[0] if reasons else UNREACHABLE).explain(said(error))


def _servers(sqlstate: str, text: str) -> Reason:
    routine = SERVERS_ROUTINE.search(text)
    if sqlstate == "28000" and routine and routine[1] == "InitializeSessionUserId":
        return NO_ROLE
    return CLOSED if sqlstate == "55000" else reason(sqlstate) or SETTINGS


def _is_name_service_down(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except socket.gaierror as error:
        return error.errno == socket.EAI_AGAIN
    except UnicodeError:
        pass
    return False


def _failures(dsn: str) -> Iterator[Failure]:
    """Connect once more, and tell what fails on the way; nothing if it succeeds now, or nobody answers in time."""
    libpq = _libpq()
    connection = libpq.PQconnectStart(dsn.encode())
    try:
        libpq.PQsetErrorVerbosity(connection, VERBOSE)
        if libpq.PQstatus(connection) == BAD:
            yield Failure(_text(libpq, connection), host=libpq.PQhost(connection).decode())
            return
        deadline = time.monotonic() + ANSWER_WITHIN_S
        wanted, known = WRITING, 0
        while wanted in (READING, WRITING) and _is_ready(libpq.PQsocket(connection), wanted, deadline):
            phase = libpq.PQstatus(connection)
            hung_up = wanted == READING and _has_hung_up(libpq.PQsocket(connection))
            wanted = libpq.PQconnectPoll(connection)
            text = _text(libpq, connection)
            end = text.rfind("\n") + 1  # what follows is the beginning of what will be said if this fails, too
            if end > known:
                wants_password = bool(libpq.PQconnectionNeedsPassword(connection))
                host = libpq.PQhost(connection).decode()
                yield Failure(text[known:end], phase, hung_up or TLS_BROKE_OFF in text, wants_password, host)
            known = end
    finally:
        libpq.PQfinish(connection)


def _text(libpq: ctypes.CDLL, connection: int) -> str:
    said_so_far: bytes = libpq.PQerrorMessage(connection)
    return said_so_far.decode(errors="replace")


def _is_ready(file: int, wanted: int, deadline: float) -> bool:
    waiting = select.poll()
    waiting.register(file, select.POLLIN if wanted == READING else select.POLLOUT)
    return bool(waiting.poll(max(deadline - time.monotonic(), 0) * 1000))


def _has_hung_up(file: int) -> bool:
    """Whether the other side closed the connection, or gave up before it could name a SQLSTATE (E)."""
    with socket.socket(fileno=os.dup(file)) as peer:
        try:
            return peer.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) in (b"", b"E")
        except BlockingIOError:
            return False
        except OSError:
            return True


@cache
def _libpq() -> ctypes.CDLL:
    """The very libpq that the driver uses, with its settings."""
    libpq = ctypes.CDLL(_psycopg.__file__)
    libpq.PQconnectStart.restype = ctypes.c_void_p
    libpq.PQconnectStart.argtypes = [ctypes.c_char_p]
    libpq.PQsetErrorVerbosity.argtypes = [ctypes.c_void_p, ctypes.c_int]
    for name in ("PQstatus", "PQsocket", "PQconnectPoll", "PQconnectionNeedsPassword", "PQfinish"):
        getattr(libpq, name).argtypes = [ctypes.c_void_p]
    for name in ("PQerrorMessage", "PQhost"):
        getattr(libpq, name).argtypes = [ctypes.c_void_p]
        getattr(libpq, name).restype = ctypes.c_char_p
    return libpq
