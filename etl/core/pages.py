"""An API's responses, page by page, and what parsers make of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Page:
    """One answer of an API, as received; after the last one there is nothing left to ask for.

    `about` holds what a parser must know about the request because the response does not repeat it: plain JSON values.
    """

    number: int
    url: str
    status: int
    body: bytes
    records: int
    received_at: datetime
    is_last: bool
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PageContext:
    """What a parser may need to know about a page besides its body: what was requested, and when it was received."""

    about: Mapping[str, Any]
    received_at: datetime


@dataclass(frozen=True)
class RefusedRecord:
    """A record that broke its contract: its position, the reason, and its text (JSON).

    `reason` is for people; `kind` is one of a few words such as `missing`, to count by. Older files have none.
    """

    position: int
    reason: str
    record: str
    kind: str = field(default="unknown", kw_only=True)


@dataclass(frozen=True)
class Parsed:
    """What one page became: rows by dataset, refused records, fields that the contract does not list."""

    batches: Mapping[str, pa.RecordBatch]
    records: int
    refused: tuple[RefusedRecord, ...] = ()
    unknown_fields: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Quarantined(RefusedRecord):
    """A rejected record and where it came from; `context` is unknown in files of earlier versions."""

    endpoint: str
    page: int
    context: PageContext | None = None
