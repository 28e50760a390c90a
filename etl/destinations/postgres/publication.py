"""Stage → audit → publish, in one transaction under one lock: readers see all of a run or nothing, and never wait."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ClassVar

import pyarrow as pa

from etl.core.events import Listener, PublishingWaits, RowsStaged
from etl.core.intervals import DataInterval
from etl.core.outcomes import AuditResult, TableOutcome
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.destinations import losses
from etl.destinations.audits import raise_first_failure
from etl.destinations.base import Capabilities, Rows
from etl.destinations.postgres import audits, parts
from etl.destinations.postgres.gold import Gold
from etl.lake.silver import Transformed
from etl.postgres.connection import Warehouse
from etl.postgres.copy import copy_batches


class Publication:
    """One run that is being published into the warehouse; made by `PostgresDestination.open`, used within its block."""

    def __init__(self, warehouse: Warehouse, source: Source, emit: Listener) -> None:
        self._warehouse = warehouse
        self._source = source
        self._emit = emit
        self._received: dict[str, int] = {}
        self._days: Sequence[DataInterval] = ()
        self._kept: Collection[str] = ()
        self._lost: dict[str, int] = {}
        self._changed: dict[str, set[date]] = {}  # by table, the parts that gold must follow
        self.audits: list[AuditResult] = []

    def stage(
        self, rows: Rows, days: Sequence[DataInterval], keep: Collection[str], _without: Collection[str] = ()
    ) -> int:
        """Build the new state beside the published one, with its key; return how many rows were read.

        It is of `days` for a dataset with a day, otherwise of everything: what was read and, for the datasets in
        `keep`, every published row of it that was not read again.
        Raises: AuditError if a key is duplicated.
        """
        datasets, self._days, self._kept = self._source.datasets, days, keep
        for dataset in datasets:
            self._changed[dataset.name] = parts.measure_unknown(self._warehouse, dataset)
            parts.open_stage(self._warehouse, "silver", dataset)
            self._received[dataset.name] = self._copy(dataset, rows(dataset))
        for dataset in reversed(datasets):  # parts before their whole, which says what was read
            if dataset.name in keep:
                whole = next(other for other in datasets if other.name == (dataset.part_of or dataset.name))
                parts.carry_over(self._warehouse, dataset, whole, days)
        for dataset in datasets:
            self._refuse(parts.prove_key(self._warehouse, dataset))
        return sum(self._received.values())

    def audit(self, *, accepts_loss: bool) -> None:
        """Run every audit on the new state.

        Raises: AuditError for the first that finds rows; all have run by then, and are in `audits`.
        """
        warehouse, source = self._warehouse, self._source
        for dataset in source.datasets:
            self.audits += audits.run_folder(warehouse, "every_dataset", self._days, "silver", dataset.name)
        self.audits += audits.run_folder(warehouse, source.name, self._days)
        lost_rows = [lost for dataset in source.datasets for lost in self._lost_rows(dataset)]  # counted in any case
        if not accepts_loss:
            for dataset in source.datasets:
                self.audits += audits.lost_values(warehouse, dataset, self._days)
            self.audits += lost_rows
        raise_first_failure(self.audits)

    def publish(self) -> list[TableOutcome]:
        """Bring what differs into silver, and make the gold that follows from it."""
        written: dict[str, set[date]] = {}
        for dataset in self._source.datasets:
            written[dataset.name] = parts.bring_in(self._warehouse, "silver", dataset, self._days)
            parts.close_stage(self._warehouse, dataset)
            for part in written[dataset.name]:
                parts.measure(self._warehouse, "silver", dataset, part)
            self._changed[dataset.name] |= written[dataset.name]
        gold = Gold(self._warehouse, self._source, self._changed, self._refuse)
        for table in self._source.gold:
            gold.make(table)
        return [
            self._outcome(table, is_changed=bool(written.get(table.name, self._changed[table.name])))
            for table in (*self._source.datasets, *self._source.gold)
        ]

    def _lost_rows(self, dataset: Dataset) -> Iterator[AuditResult]:
        """What the dataset would lose; where published rows were carried over, none can be missing."""
        if dataset.name not in self._kept:
            lost = audits.lost_rows(self._warehouse, dataset, self._days)
            self._lost[dataset.name] = lost.offending_rows
            published = partial(audits.published_rows, self._warehouse, dataset, self._days)
            yield losses.unless_few(lost, dataset, published)

    def _copy(self, dataset: Dataset, rows: Iterable[pa.RecordBatch]) -> int:
        begin = time.monotonic()
        count = copy_batches(self._warehouse, "stage", dataset.name, dataset.schema, rows)
        seconds = time.monotonic() - begin
        self._emit(RowsStaged(self._source.name, dataset.name, count, seconds))
        return count

    def _refuse(self, found: list[AuditResult]) -> None:
        self.audits += found
        raise_first_failure(found)

    def _outcome(self, table: Dataset, *, is_changed: bool) -> TableOutcome:
        rows, checksum = parts.content(self._warehouse, table)
        received, lost = self._received.get(table.name, rows), self._lost.get(table.name, 0)
        return TableOutcome(table.name, received, rows, checksum, is_changed, lost)


@dataclass(frozen=True)
class PostgresDestination:
    """The warehouse, which also holds the ledger: both are committed in one transaction."""

    warehouse: Warehouse
    name: ClassVar = "warehouse"
    capabilities: ClassVar = Capabilities(
        shares_ledger_transaction=True,
        carries_marker=False,
        transactional_ddl=True,
        enforces_keys=True,
        advisory_locks=True,
        staging="copy",
    )

    @property
    def namespace(self) -> str:
        return self.warehouse.namespace

    def marker(self, _source: Source) -> None:
        """It carries none: the ledger says it all."""

    @contextmanager
    def open(
        self,
        source: Source,
        _transformed: Transformed | None,
        days: Sequence[DataInterval],
        emit: Listener,
        _run_id: str,
    ) -> Iterator[Publication]:
        """The transaction in which a run is published; it waits while another run of the same source publishes.

        Raises: WarehouseUnavailableError if the other run does not end within the lock timeout.
        """
        for dataset in source.datasets:
            if dataset.day:
                parts.open_months(self.warehouse, dataset, days)
        with self.warehouse.transaction():
            if not self.warehouse.run("publish/lock_source", {"source": source.name})[0]["is_free"]:
                emit(PublishingWaits(source.name))
                self.warehouse.run("publish/wait_for_source", {"source": source.name})
            yield Publication(self.warehouse, source, emit)

    def announce(self, source: Source, emit: Listener) -> None:
        """Nobody keeps a copy."""
