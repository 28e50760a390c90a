"""Destinations: one protocol, and what each can and cannot do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

import pyarrow as pa

from etl.core.events import Listener
from etl.core.intervals import DataInterval
from etl.core.outcomes import AuditResult, TableOutcome
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.lake.silver import Transformed

Rows = Callable[[Dataset], Iterable[pa.RecordBatch]]


@dataclass(frozen=True)
class Capabilities:
    """What the pipeline may rely on.

    `shares_ledger_transaction`: what is published and the ledger's row are committed together. Otherwise the ledger's
    row is written after the data, and a run that dies in between is published again (docs/adr/0019), unless the
    destination `carries_marker`: from that, the next run completes the ledger.
    `enforces_keys`: the destination itself rejects duplicate keys, not only an audit.
    `advisory_locks`: two runs of one source wait for each other.
    `staging`: how rows arrive; none if they stay where they are.
    """

    shares_ledger_transaction: bool
    carries_marker: bool
    transactional_ddl: bool
    enforces_keys: bool
    advisory_locks: bool
    staging: Literal["copy", "s3", "none"]


@dataclass(frozen=True)
class Marker:
    """What a destination has of a source: the run, its extraction, the days if it has some, and its tables."""

    run_id: str
    extraction_id: str
    days: tuple[DataInterval, ...]
    outcomes: tuple[TableOutcome, ...]


class Publication(Protocol):
    """One run that is being published into a destination."""

    audits: list[AuditResult]

    def stage(
        self, rows: Rows, days: Sequence[DataInterval], keep: Collection[str], without: Collection[str] = ()
    ) -> int:
        """Put the new rows where no reader looks, and return how many were read.

        They replace what is published on `days`, or everything of a dataset without a day; for datasets in `keep`,
        published rows that were not read again are kept. Of datasets in `without`, there are no new rows.
        """
        ...

    def audit(self, *, accepts_loss: bool) -> None:
        """Run every audit on the new state; those for losses only if a person has not accepted them.

        Raises: AuditError for the first that finds rows.
        """
        ...

    def publish(self) -> list[TableOutcome]:
        """Show readers the new state of silver and gold, all of it or nothing."""
        ...


class Destination(Protocol):
    """Somewhere to publish; `name` is what the ledger and `--destination` call it."""

    @property
    def name(self) -> str: ...

    @property
    def namespace(self) -> str:
        """Where it is, without secrets: `postgres://host:port/database`, `s3://bucket/prefix`."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    def marker(self, source: Source) -> Marker | None:
        """The newest marker of a source; None if there is none, or the destination carries no markers."""
        ...

    def open(
        self,
        source: Source,
        transformed: Transformed | None,
        days: Sequence[DataInterval],
        emit: Listener,
        run_id: str,
    ) -> AbstractContextManager[Publication]:
        """The block in which a run is published, of no other than these days if rows have a day.

        `transformed` is None for rows that come from no single extraction.

        Raises: UsageError if the destination does not take such rows.
        """
        ...

    def announce(self, source: Source, emit: Listener) -> None:
        """Have those follow who keep a copy of what is current; to be called once a run has ended.

        Raises: PlatformError if one does not; what is published stays published.
        """
        ...
