"""A session with a server that may only just be starting."""

from __future__ import annotations

import time
from typing import Any

from etl.core.errors import AccessError, ConfigError, WarehouseUnavailableError
from etl.postgres.connection import Warehouse

FIRST_MOMENT_S = 5  # a pod may start a moment before its network policies apply, and is refused until they do
SETTLE_S = 15  # a new server may refuse for this long what it then accepts: a name, a new password
PAUSE_S = 0.3


def session(dsn: str, wait_s: float, *, settle_s: float = SETTLE_S, **options: Any) -> Warehouse:
    """Open a session as soon as the server lets us in, and give up after `wait_s` seconds.

    Raises: WarehouseUnavailableError; AccessError or ConfigError if the server still refuses once it has settled.
    """
    started = time.monotonic()
    while True:
        try:
            return Warehouse(dsn, **options)
        except (AccessError, ConfigError, WarehouseUnavailableError) as error:
            patience_s = wait_s if isinstance(error, WarehouseUnavailableError) else min(wait_s, settle_s)
            if time.monotonic() + PAUSE_S > started + patience_s:
                raise
        time.sleep(PAUSE_S)


def loader(dsn: str, **options: Any) -> Warehouse:
    """A session with a server that should be running; after the first moment, raises what `Warehouse` raises."""
    return session(dsn, FIRST_MOMENT_S, settle_s=0, **options)
