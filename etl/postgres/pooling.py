"""A pooler between us and Postgres: one that shares a session among clients would hand ours to others, role and all."""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg2

from etl.core.errors import ConfigError

MY_BACKEND = "select pg_catalog.pg_backend_pid()"
ANSWER_WITHIN_S = 2  # a pooler that gives each client a session of its own may have none left for another question


def refuse_shared(connection: Any, dsn: str) -> None:
    """Raises: ConfigError if another connection gets the very session that this one has."""
    with connection.cursor() as cursor:
        cursor.execute(MY_BACKEND)
        [mine] = cursor.fetchone()
    if mine != connection.get_backend_pid() and mine == _backend_of_another(dsn):
        raise ConfigError(
            "A pooler shares its sessions among clients (pool_mode transaction or statement): "
            "settings, role and locks of this one would be others', too.",
            hint="Set PGHOST and PGPORT to the server itself, or to a pool whose pool_mode is session.",
        )


def _backend_of_another(dsn: str) -> int | None:
    """The process that another connection talks to; None if it does not learn that in time."""
    deadline = time.monotonic() + ANSWER_WITHIN_S
    connection = psycopg2.connect(dsn, async_=True)
    try:
        if not _is_done(connection, deadline):
            return None
        cursor = connection.cursor()
        cursor.execute(MY_BACKEND)
        return next((int(row[0]) for row in cursor), None) if _is_done(connection, deadline) else None
    except psycopg2.Error:
        return None
    finally:
        connection.close()


def _is_done(connection: Any, deadline: float) -> bool:
    while (wanted := connection.poll()) != psycopg2.extensions.POLL_OK:
        waiting = select.poll()
        is_reading = wanted == psycopg2.extensions.POLL_READ
        waiting.register(connection.fileno(), select.POLLIN if is_reading else select.POLLOUT)
        if not waiting.poll(max(deadline - time.monotonic(), 0) * 1000):
            return False
    return True
