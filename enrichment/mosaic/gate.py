"""How many computations run at a time and how many wait; any further one is refused for now."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from enrichment.mosaic.errors import BusyError


class Gate:
    """Lets some in at a time and some wait."""

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self._places = threading.Semaphore(at_once + waiting)
        self._at_work = threading.Semaphore(at_once)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Wait for one's turn. Raises: BusyError if too many do."""
        if not self._places.acquire(blocking=False):
            raise BusyError("Too many mosaics are being made at the moment.", hint="Try again in a few seconds.")
        try:
            with self._at_work:
                yield
        finally:
            self._places.release()
