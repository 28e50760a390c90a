"""What audits and publishing found and did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TableOutcome:
    """What publishing did to one table."""

    table: str
    rows_received: int
    rows_published: int
    content_checksum: str
    is_changed: bool


@dataclass(frozen=True)
class AuditResult:
    """What one audit found; `offending_rows` of 0 means passed. `file` holds its query."""

    audit: str
    offending_rows: int
    sample: tuple[Mapping[str, Any], ...]
    query: str
    file: str
