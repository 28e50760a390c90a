"""Stage → audit → publish, in one transaction under one lock: readers see all of a run or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

import pyarrow as pa
from psycopg2 import errors as pg
from psycopg2 import sql

from etl.core.outcomes import AuditResult, TableOutcome
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.destinations.postgres import audits
from etl.postgres.connection import Warehouse
from etl.postgres.copy import copy_batches
from etl.sql.statements import statement
from etl.telemetry import metrics
from etl.telemetry.logs import log

Rows = Callable[[Dataset], Iterable[pa.RecordBatch]]


class Publication:
    """One run's way into the warehouse; made by `publication`, used within its block."""

    def __init__(self, warehouse: Warehouse, source: Source) -> None:
        self._warehouse = warehouse
        self._source = source
        self._received: dict[str, int] = {}
        self.audits: list[AuditResult] = []

    def stage(self, rows: Rows, keep: Collection[str]) -> int:
        """Build the new state of every dataset beside the published one, keyed; return how many rows were read.

        The new state is what was read and, for the datasets in `keep`, every published row that was not read again:
        those of other days, or those a refused record may have been about.
        Raises: AuditError if a key stands twice.
        """
        datasets = self._source.datasets
        for dataset in datasets:
            self._warehouse.run("publish/open_stage", {"schema": "silver", "table": dataset.name})
            self._received[dataset.name] = self._copy(dataset, rows(dataset))
        for dataset in reversed(datasets):  # parts before their whole, which holds what was read
            if dataset.name in keep:
                self._carry_over(dataset)
        for dataset in datasets:
            self._key("silver", dataset.name)
        return sum(self._received.values())

    def audit(self) -> None:
        """Run every audit on the new state.

        Raises: AuditError for the first that finds rows; all have run by then and stand in `audits`.
        """
        for dataset in self._source.datasets:
            self.audits += audits.run_folder(self._warehouse, "every_dataset", "silver", dataset.name)
        self.audits += audits.run_folder(self._warehouse, self._source.name)
        audits.raise_first_failure(self.audits)

    def swap(self) -> list[TableOutcome]:
        """Let the new state take the place of the published one, silver first, then gold made from it.

        A table whose content did not change is left alone.
        """
        silver = [self._swap_one("silver", dataset.name) for dataset in self._source.datasets]
        return silver + [self._publish_gold(table.name) for table in self._source.gold]

    def _copy(self, dataset: Dataset, rows: Iterable[pa.RecordBatch]) -> int:
        begin = time.monotonic()
        count = copy_batches(self._warehouse, "stage", dataset.name, dataset.schema, rows)
        seconds = time.monotonic() - begin
        metrics.COPY_DURATION.send(seconds, dataset=dataset.name)
        metrics.ROWS.send(count, dataset=dataset.name, step="stage")
        log.info("staged", dataset=dataset.name, rows=count, seconds=round(seconds, 3))
        return count

    def _carry_over(self, dataset: Dataset) -> None:
        whole = next(other for other in self._source.datasets if other.name == (dataset.part_of or dataset.name))
        told = {"table": dataset.name, "part_of": whole.name, "key": list(whole.key)}
        self._warehouse.run("publish/carry_over", told)

    def _key(self, schema: str, table: str) -> None:
        """Prove that keys are unique by building the primary key; if it fails, let the audit name the culprits."""
        self._warehouse.execute("savepoint before_key")
        try:
            self._warehouse.run("publish/key_stage", {"schema": schema, "table": table})
        except pg.UniqueViolation:
            self._warehouse.execute("rollback to savepoint before_key")
            self.audits += audits.run_folder(self._warehouse, "every_dataset", schema, table)
            audits.raise_first_failure(self.audits)
            raise
        self._warehouse.execute("release savepoint before_key")

    def _publish_gold(self, table: str) -> TableOutcome:
        self._warehouse.run("publish/open_stage", {"schema": "gold", "table": table})
        target = sql.SQL("insert into {}\n").format(sql.Identifier("stage", table))
        self._warehouse.execute(target + sql.SQL(statement(f"gold/{table}")))
        self._key("gold", table)
        return self._swap_one("gold", table)

    def _swap_one(self, schema: str, table: str) -> TableOutcome:
        staged = self._content("stage", table)
        is_changed = self._is_changed(schema, table, staged)
        if is_changed:
            self._warehouse.run("publish/swap", {"schema": schema, "table": table})
        else:
            self._warehouse.run("publish/close_stage", {"table": table})
        rows, checksum = staged
        return TableOutcome(table, self._received.get(table, rows), rows, checksum, is_changed)

    def _is_changed(self, schema: str, table: str, staged: tuple[int, str]) -> bool:
        """Whether the new state differs from the published one.

        That it differs the ledger tells at once. That it does not, only the published rows may tell: they are read.
        """
        last = self._warehouse.run("ledger/last_content", {"table": table})
        if last and last[0]["content_checksum"] != staged[1]:
            return True
        return staged != self._content(schema, table)

    def _content(self, schema: str, table: str) -> tuple[int, str]:
        found = self._warehouse.run("publish/content", {"schema": schema, "table": table})[0]
        return found["row_count"], found["content_checksum"]


@contextmanager
def publication(warehouse: Warehouse, source: Source) -> Iterator[Publication]:
    """The transaction in which a run is published; it waits while another run of the same source publishes.

    Raises: WarehouseUnavailableError if the other run does not end within the lock timeout.
    """
    with warehouse.transaction():
        if not warehouse.run("publish/lock_source", {"source": source.name})[0]["is_free"]:
            log.info("another run is publishing; waiting for it", source=source.name)
            warehouse.run("publish/wait_for_source", {"source": source.name})
        yield Publication(warehouse, source)
