"""Ids of runs (in the ledger) and of extractions (in the lake): they sort by time."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from functools import lru_cache

ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


def new_id(now: datetime | None = None) -> str:
    """An id that sorts by time, to the microsecond: `20240517T120000Z-1a2b3c`."""
    now = now or datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond:05x}{secrets.randbelow(16):x}"


def started_at(some_id: str) -> datetime:
    """The instant at which an id was made, to the second."""
    return datetime.fromisoformat(some_id[:16])


@lru_cache(2**15)  # a listing asks about the same id with each of its files
def is_id(text: str) -> bool:
    """Whether a text has the form of an id."""
    if not ID.fullmatch(text):
        return False
    try:
        started_at(text)
    except ValueError:  # such as a 13th month
        return False
    return True
