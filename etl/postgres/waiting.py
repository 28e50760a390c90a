"""A session with a server that is perhaps only just being started."""

from __future__ import annotations

import time
from typing import Any

from etl.core.errors import AccessError, ConfigError, WarehouseUnavailableError
from etl.postgres.connection import Warehouse

FIRST_MOMENT_S = 5  # a pod may be there a moment before its network policies, and is refused until they are
SETTLE_S = 15  # for so long a server that is being made may refuse what it then accepts: a name, a new password
PAUSE_S = 0.3


def session(dsn: str, wait_s: float, *, settle_s: float = SETTLE_S, **options: Any) -> Warehouse:
    """Open a session as soon as the server lets us in, and give up after `wait_s` seconds.

    Raises: WarehouseUnavailableError; AccessError or ConfigError if the server still refuses when it has settled.
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
    """A session with a server that should be there; what `Warehouse` raises after the first moment."""
    return session(dsn, FIRST_MOMENT_S, settle_s=0, **options)
