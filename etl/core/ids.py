"""IDs of runs and extractions, which sort by time."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


def new_run_id(now: datetime | None = None) -> str:
    """An ID that sorts by time, to the microsecond: `20240517T120000Z-1a2b3c`."""
    now = now or datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond:05x}{secrets.randbelow(16):x}"


def started_at(run_id: str) -> datetime:
    """When an ID was created, to the second."""
    return datetime.strptime(run_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def is_run_id(text: str) -> bool:
    """Whether a text is a valid ID."""
    if not RUN_ID.fullmatch(text):
        return False
    try:
        started_at(text)
    except ValueError:  # such as a 13th month
        return False
    return True
