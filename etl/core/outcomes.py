"""The outcomes of audits and of publishing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class TableOutcome:
    """What publishing did to one table; `content_checksum` is None where the destination does not compute one.

    `rows_lost` are those that were published before and that the source no longer has.
    """

    table: str
    rows_received: int
    rows_published: int
    content_checksum: str | None
    is_changed: bool
    rows_lost: int = 0


@dataclass(frozen=True)
class AuditResult:
    """What one audit found; `offending_rows` of 0 means passed. `file` holds its query, unless it was generated.

    `is_loss`: it found what a run would lose, which a person may accept.
    """

    audit: str
    offending_rows: int
    sample: tuple[Mapping[str, Any], ...]
    query: str
    file: str = ""
    is_loss: bool = False


@dataclass(frozen=True)
class Newer:
    """A newer extraction, which was published before."""

    extraction_id: str
    published_at: datetime


@dataclass(frozen=True)
class Published:
    """What a run did to its destination: nothing if there was something `newer`."""

    run_id: str
    destination: str
    status: str
    tables: tuple[TableOutcome, ...]
    newer: Newer | None = None

    @classmethod
    def of(cls, run_id: str, destination: str, tables: Iterable[TableOutcome]) -> Published:
        """What follows from the tables: unchanged, if none of them changed."""
        found = tuple(tables)
        is_changed = any(table.is_changed for table in found)
        return cls(run_id, destination, "published" if is_changed else "unchanged", found)

    @property
    def counts(self) -> dict[str, int]:
        """The figures of the step: tables that changed and their rows."""
        return {"tables": sum(table.is_changed for table in self.tables), "rows": self.rows_published}

    @property
    def rows_published(self) -> int:
        """Rows of the silver and gold tables that changed."""
        return sum(table.rows_published for table in self.tables if table.is_changed)
