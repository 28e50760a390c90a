"""Stage → audit → publish, in one transaction under one lock: readers see all of a run or nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
from psycopg2 import errors as pg
from psycopg2 import sql

from etl.core.events import Listener, PublishingWaits, RowsStaged
from etl.core.outcomes import AuditResult, TableOutcome
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.destinations import losses
from etl.destinations.audits import raise_first_failure
from etl.destinations.base import Capabilities, Rows
from etl.destinations.postgres import audits
from etl.destinations.postgres.exchange import exchange, refuse_foreign_keys
from etl.lake.silver import Transformed
from etl.postgres.connection import Warehouse
from etl.postgres.copy import copy_batches
from etl.sql.statements import statement


class Publication:
    """One run that is being published into the warehouse; made by `PostgresDestination.open`, used within its block."""

    def __init__(self, warehouse: Warehouse, source: Source, emit: Listener) -> None:
        self._warehouse = warehouse
        self._source = source
        self._emit = emit
        self._received: dict[str, int] = {}
        self._kept: Collection[str] = ()
        self._lost: dict[str, int] = {}
        self.audits: list[AuditResult] = []

    def stage(self, rows: Rows, keep: Collection[str]) -> int:
        """Build the new state of every dataset beside the published one, with its key; return how many rows were read.

        The new state is what was read and, for the datasets in `keep`, every published row that was not read again:
        those of other days, or those that a rejected record may have been about.
        Raises: AuditError if a key is duplicated.
        """
        datasets, self._kept = self._source.datasets, keep
        for dataset in datasets:
            self._warehouse.run("publish/open_stage", {"schema": "silver", "table": dataset.name})
            self._received[dataset.name] = self._copy(dataset, rows(dataset))
        for dataset in reversed(datasets):  # parts before their whole, which says what was read
            if dataset.name in keep:
                self._carry_over(dataset)
        for dataset in datasets:
            self._key("silver", dataset.name)
        return sum(self._received.values())

    def audit(self, *, accepts_loss: bool) -> None:
        """Run every audit on the new state.

        Raises: AuditError for the first that finds rows; all have run by then, and are in `audits`.
        """
        source = self._source
        for dataset in source.datasets:
            self.audits += audits.run_folder(self._warehouse, "every_dataset", "silver", dataset.name)
        self.audits += audits.run_folder(self._warehouse, source.name)
        lost_rows = [lost for dataset in source.datasets for lost in self._lost_rows(dataset)]  # counted in any case
        if not accepts_loss:
            for dataset in source.datasets:
                self.audits += audits.lost_values(self._warehouse, dataset)
            self.audits += lost_rows
            self.audits += audits.run_folder(self._warehouse, f"{source.name}/losses", is_loss=True)
        raise_first_failure(self.audits)

    def publish(self) -> list[TableOutcome]:
        """Make gold from the new silver, then replace the published state of both with the new one.

        A table whose content did not change is left alone. Locks that readers wait for are taken last.
        """
        for table in self._source.gold:
            self._stage_gold(table)
        silver = [self._compared("silver", dataset) for dataset in self._source.datasets]
        compared = silver + [self._compared("gold", table) for table in self._source.gold]
        changed = [(schema, outcome.table) for schema, outcome in compared if outcome.is_changed]
        if changed:
            exchange(self._warehouse, changed)
        return [outcome for _, outcome in compared]

    def _lost_rows(self, dataset: Dataset) -> Iterator[AuditResult]:
        """What the dataset would lose; where published rows were carried over, none can be missing."""
        if dataset.name not in self._kept:
            lost = audits.lost_rows(self._warehouse, dataset)
            self._lost[dataset.name] = lost.offending_rows
            yield losses.unless_few(lost, dataset, lambda: self._published_rows(dataset))

    def _published_rows(self, dataset: Dataset) -> int:
        found = self._warehouse.run("publish/row_count", {"table": dataset.name})
        return int(found[0]["row_count"])

    def _copy(self, dataset: Dataset, rows: Iterable[pa.RecordBatch]) -> int:
        begin = time.monotonic()
        count = copy_batches(self._warehouse, "stage", dataset.name, dataset.schema, rows)
        seconds = time.monotonic() - begin
        self._emit(RowsStaged(self._source.name, dataset.name, count, seconds))
        return count

    def _carry_over(self, dataset: Dataset) -> None:
        whole = next(other for other in self._source.datasets if other.name == (dataset.part_of or dataset.name))
        self._warehouse.run(
            "publish/carry_over", {"table": dataset.name, "part_of": whole.name, "key": list(whole.key)}
        )

    def _key(self, schema: str, table: str) -> None:
        """Prove that keys are unique by building the primary key; if that fails, let the audit name the duplicates."""
        self._warehouse.execute("savepoint before_key")
        try:
            self._warehouse.run("publish/key_stage", {"schema": schema, "table": table})
        except pg.UniqueViolation:
            self._warehouse.execute("rollback to savepoint before_key")
            self.audits += audits.run_folder(self._warehouse, "every_dataset", schema, table)
            raise_first_failure(self.audits)
            raise
        self._warehouse.execute("release savepoint before_key")

    def _stage_gold(self, table: Dataset) -> None:
        self._warehouse.run("publish/open_stage", {"schema": "gold", "table": table.name})
        target = sql.SQL("insert into {}\n").format(sql.Identifier("stage", table.name))
        self._warehouse.execute(target + sql.SQL(self._from_stage(statement(f"gold/{table.name}"))))
        self._key("gold", table.name)

    def _from_stage(self, text: str) -> str:
        """The statement about the new silver, which no reader sees yet."""
        datasets = "|".join(re.escape(dataset.name) for dataset in self._source.datasets)
        return re.sub(rf"\bsilver\.({datasets})\b", r"stage.\1", text)

    def _compared(self, schema: str, table: Dataset) -> tuple[str, TableOutcome]:
        rows, checksum = staged = self._content("stage", table)
        is_changed = self._is_changed(schema, table, staged)
        if not is_changed:
            self._warehouse.run("publish/close_stage", {"table": table.name})
        received, lost = self._received.get(table.name, rows), self._lost.get(table.name, 0)
        return schema, TableOutcome(table.name, received, rows, checksum, is_changed, lost)

    def _is_changed(self, schema: str, table: Dataset, staged: tuple[int, str]) -> bool:
        """Whether the new state differs from the published one.

        The ledger's checksum can prove a difference, but not equality; for that, the published rows are read.
        """
        last = self._warehouse.run("ledger/last_content", {"table": table.name})
        if last and last[0]["content_checksum"] != staged[1]:
            return True
        return staged != self._content(schema, table)

    def _content(self, schema: str, table: Dataset) -> tuple[int, str]:
        bookkeeping = [column.name for column in table.columns if column.is_bookkeeping]
        parameters = {"schema": schema, "table": table.name, "bookkeeping": bookkeeping}
        found = self._warehouse.run("publish/content", parameters)[0]
        return found["row_count"], found["content_checksum"]


@dataclass(frozen=True)
class PostgresDestination:
    """The warehouse, which also holds the ledger: both are committed in one transaction."""

    warehouse: Warehouse
    name: ClassVar = "warehouse"
    capabilities: ClassVar = Capabilities(
        shares_ledger_transaction=True,
        transactional_ddl=True,
        enforces_keys=True,
        advisory_locks=True,
        staging="copy",
    )

    @property
    def namespace(self) -> str:
        return self.warehouse.namespace

    @contextmanager
    def open(self, source: Source, _transformed: Transformed | None, emit: Listener) -> Iterator[Publication]:
        """The transaction in which a run is published; it waits while another run of the same source publishes.

        Raises: WarehouseUnavailableError if the other run does not end within the lock timeout.
        """
        with self.warehouse.transaction():
            if not self.warehouse.run("publish/lock_source", {"source": source.name})[0]["is_free"]:
                emit(PublishingWaits(source.name))
                self.warehouse.run("publish/wait_for_source", {"source": source.name})
            refuse_foreign_keys(self.warehouse, source)
            yield Publication(self.warehouse, source, emit)
