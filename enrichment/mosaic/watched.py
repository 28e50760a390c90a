"""A folder whose pictures may arrive later, or change: it is read again whenever its index changes."""

import threading
from pathlib import Path

import structlog

from enrichment.mosaic.errors import PoolError
from enrichment.mosaic.folder import INDEX, Folder, version_of
from enrichment.mosaic.pool import Pool

log = structlog.get_logger()


class Watched:
    """Returns the pool as it is now. Several threads may call it."""

    def __init__(self, place: Path, otherwise: Pool | None = None) -> None:
        """`otherwise` is the pool as long as the folder has nothing that may be reused.

        Raises: PoolError, if there is no such pool and the folder cannot be used.
        """
        self._place, self._otherwise, self._lock = place, otherwise, threading.Lock()
        self._version = version_of(place / INDEX)
        self._pool: Pool = Folder(place) if otherwise is None else self._read() or otherwise

    def __call__(self) -> Pool:
        with self._lock:
            version = version_of(self._place / INDEX)
            if version != self._version:
                self._version = version
                self._pool = self._read() or self._otherwise or self._pool
            return self._pool

    def _read(self) -> Pool | None:
        if not (self._place / INDEX).exists():
            return None
        try:
            found = Folder(self._place)
        except PoolError as error:
            log.warning("pool_not_read", reason=error.message)
            return None
        return found if any(one.is_reusable for one in found.pictures) else None
