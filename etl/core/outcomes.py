"""What audits and publishing found and did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TableOutcome:
    """What publishing did to one table; `content_checksum` is None where the destination does not compute one."""

    table: str
    rows_received: int
    rows_published: int
    content_checksum: str | None
    is_changed: bool


@dataclass(frozen=True)
class AuditResult:
    """What one audit found; `offending_rows` of 0 means passed. `file` holds its query."""

    audit: str
    offending_rows: int
    sample: tuple[Mapping[str, Any], ...]
    query: str
    file: str


@dataclass(frozen=True)
class Published:
    """What a run did to its destination."""

    run_id: str
    destination: str
    status: str
    tables: tuple[TableOutcome, ...]

    @property
    def rows_published(self) -> int:
        """Rows of the silver and gold tables that changed."""
        return sum(table.rows_published for table in self.tables if table.is_changed)
