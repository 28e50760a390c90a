"""Tests wait for what another thread, process or page does: on conditions, never on time."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 60  # on a busy machine; what takes longer has failed


def eventually(condition: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen within {within_s:.0f} s"
        time.sleep(0.02)
