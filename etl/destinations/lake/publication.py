"""Stage → audit → publish into the lake's tables, in the ledger's transaction: readers see all of a run or nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa

from etl.core.errors import UsageError
from etl.core.events import Listener
from etl.core.intervals import DataInterval
from etl.core.outcomes import AuditResult, TableOutcome
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.destinations import losses
from etl.destinations.audits import SAMPLE_ROWS, raise_first_failure
from etl.destinations.base import Capabilities, Rows
from etl.destinations.lake import following, merging
from etl.destinations.lake.access import locked, tables
from etl.destinations.lake.audits import audited_tables, auditing
from etl.destinations.lake.gold import Gold
from etl.engines.base import Engine, Tables
from etl.lake import layout, parquet, silver
from etl.lake.layout import Stored
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from etl.postgres.connection import Warehouse

if TYPE_CHECKING:
    from etl.lake import tables as iceberg
    from etl.lake.glue import Glue


class Publication:
    """One run that is being published into the lake; made by `LakeDestination.open`, used within its block.

    `former`: by table, what readers of the lake saw before it had tables, if they did.
    """

    def __init__(
        self,
        lake: Lake,
        tables: iceberg.Tables,
        engine: Engine,
        source: Source,
        transformed: Transformed,
        run_id: str,
        former: Mapping[str, Sequence[Stored]],
    ) -> None:
        self._lake = lake
        self._tables = tables
        self._engine = engine
        self._source = source
        self._transformed = transformed
        self._run_id = run_id
        self._former = former
        self._days: Sequence[DataInterval] = ()
        self._kept: Collection[str] = ()
        self._read: dict[str, list[Stored]] = {}
        self._lost: dict[str, int] = {}
        self._opened: dict[str, iceberg.Table] = {}
        self.audits: list[AuditResult] = []

    def stage(
        self, _rows: Rows, days: Sequence[DataInterval], keep: Collection[str], without: Collection[str] = ()
    ) -> int:
        """The rows stay where they are until they have passed; return how many there are."""
        self._days, self._kept = days, keep
        for dataset in self._source.datasets:
            self._read[dataset.name] = [] if dataset.name in without else self._of_days(dataset)
        return sum(self._received.values())

    def audit(self, *, accepts_loss: bool) -> None:
        """Run every audit on what was read, and what is kept beside it.

        Raises: AuditError for the first that finds rows; all have run by then, and are in `audits`.
        """
        with auditing(self._lake, self._audited(), self._staged()) as audits:
            self.audits += [audits.keys_unique(f"stage.{d.name}", d.key) for d in self._source.datasets]
            self.audits += audits.of_source(self._source.name, self._days)
        lost_rows = [lost for dataset in self._source.datasets for lost in self._lost_rows(dataset)]
        if not accepts_loss:
            self.audits += [lost for dataset in self._source.datasets for lost in self._lost_values(dataset)]
            self.audits += lost_rows
        raise_first_failure(self.audits)

    def publish(self) -> list[TableOutcome]:
        """Write the months that change and make gold again; commit their files with the transaction."""
        silver = {f"silver.{dataset.name}": self._table(dataset) for dataset in self._source.datasets}
        extraction_id = self._transformed.extraction_id
        gold = Gold(self._lake, self._engine, self._source, self._tables, silver, self._run_id, extraction_id)
        return [
            *(self._merge(dataset, gold) for dataset in self._source.datasets),
            *(self._make(gold, table) for table in self._source.gold),
        ]

    def _of_days(self, dataset: Dataset) -> list[Stored]:
        """The rows that were read: of all days, or if others are published already, of those left."""
        files = tuple(self._transformed.files[dataset.name])
        is_whole = self._days in ([], [silver.interval_of(self._transformed)])
        return [Stored(dataset, files, some) for some in ([None] if is_whole else self._days)]

    @cached_property
    def _received(self) -> dict[str, int]:
        counted = self._transformed.rows
        return {
            name: counted[name] if any(each.days is None for each in read) else parquet.count_rows(self._lake, read)
            for name, read in self._read.items()
        }

    def _table(self, dataset: Dataset) -> iceberg.Table:
        """A table of silver, made if there is none."""
        if dataset.name not in self._opened:
            self._opened[dataset.name] = self._tables.require(f"silver.{dataset.name}", dataset)
        return self._opened[dataset.name]

    def _published(self, dataset: Dataset, days: Sequence[DataInterval] = ()) -> Sequence[Stored]:
        """The files of a table of silver, or those that may have rows of these days."""
        former = self._former.get(f"silver.{dataset.name}")
        return self._table(dataset).stored(days) if former is None else former

    def _whole(self, dataset: Dataset) -> Dataset:
        """The dataset whose rows tell what was read."""
        return next(other for other in self._source.datasets if other.name == (dataset.part_of or dataset.name))

    def _staged(self) -> dict[str, str]:
        """By table, the rows that audits are about."""
        return {
            f"stage.{d.name}": merging.read_again(d, self._whole(d), self._days, keep=d.name in self._kept)
            for d in self._source.datasets
        }

    def _audited(self) -> Tables:
        """What was read, what is published, and what audits compare it with of other sources."""
        datasets = {f"silver.{dataset.name}": dataset for dataset in self._source.datasets}
        found = {name: _rows(dataset, self._published(dataset)) for name, dataset in datasets.items()}
        found |= {f"read.{d.name}": _rows(d, self._read[d.name]) for d in self._source.datasets}
        for name in audited_tables(self._source.name) - found.keys():
            if (other := self._tables.find(name)) is not None:
                found[name] = _rows(other.dataset, other.stored())
        return found

    def _lost_values(self, dataset: Dataset) -> Iterator[AuditResult]:
        if losses.may_lose_values(dataset):
            yield self._lost_by(dataset, losses.VALUES, losses.lost_values(dataset, self._days))

    def _lost_rows(self, dataset: Dataset) -> Iterator[AuditResult]:
        """What the dataset would lose; where published rows are kept, none can be missing."""
        if dataset.name not in self._kept:
            lost = self._lost_by(dataset, losses.rows_audit(dataset), losses.lost_rows(dataset, self._days))
            self._lost[dataset.name] = lost.offending_rows
            yield losses.unless_few(lost, dataset, partial(self._count_published, dataset))

    def _lost_by(self, dataset: Dataset, audit: str, query: str) -> AuditResult:
        """What a query finds, however little."""
        tables = {
            f"silver.{dataset.name}": _rows(dataset, self._published(dataset, self._days)),
            f"stage.{dataset.name}": _rows(dataset, self._read[dataset.name]),
        }
        extraction_id, into = self._transformed.extraction_id, losses.found_by(dataset, audit)
        path = partial(layout.part, "parsed", into.name, extraction_id)
        selected = self._engine.select(self._lake, query, tables, into, path)
        first = next(parquet.batches(self._lake, selected.files, rows=SAMPLE_ROWS), None)
        self._lake.delete_folder(layout.folder("parsed", into.name, extraction_id))
        sample = () if first is None else tuple(first.to_pylist())
        return AuditResult(f"{dataset.name}.{audit}", selected.rows, sample, query, is_loss=True)

    def _count_published(self, dataset: Dataset) -> int:
        published = self._published(dataset, self._days)
        if dataset.day and self._days:
            pairs = ((each, each.days.within(some) if each.days else some) for each in published for some in self._days)
            published = [Stored(each.dataset, each.files, days) for each, days in pairs if days is not None]
        return parquet.count_rows(self._lake, published)

    def _merge(self, dataset: Dataset, gold: Gold) -> TableOutcome:
        """Write the table's files that change, each a month if rows have a day."""
        table, whole, is_kept = self._table(dataset), self._whole(dataset), dataset.name in self._kept
        published = self._published(dataset, self._days)
        tables = {
            f"silver.{dataset.name}": _rows(dataset, published),
            f"read.{dataset.name}": _rows(dataset, self._read[dataset.name]),
            f"read.{whole.name}": _rows(whole, self._read[whole.name]),
        }
        if self._read[dataset.name] or self._former:
            query = merging.merged(dataset, whole, self._days, keep=is_kept)
            self._replace(table, query, tables, self._days)
            gold.silver_changed(dataset, self._days)
        received, lost = self._received[dataset.name], self._lost.get(dataset.name, 0)
        return TableOutcome(dataset.name, received, table.rows, None, True, lost)

    def _make(self, gold: Gold, dataset: Dataset) -> TableOutcome:
        """Make a table of gold from the new silver, and from the gold made before it."""
        made, name = gold.make(dataset), f"gold.{dataset.name}"
        with auditing(self._lake, {name: _rows(dataset, made)}) as audits:
            found = audits.keys_unique(name, dataset.key)
        self.audits.append(found)
        raise_first_failure([found])
        rows = gold.rows(dataset)
        return TableOutcome(dataset.name, rows, rows, None, True)

    def _replace(self, table: iceberg.Table, query: str, tables: Tables, days: Sequence[DataInterval]) -> None:
        """Put the rows of a query in the place of all files that may have rows of these days."""
        removed = [file for each in table.stored(days) for file in each.files]
        into, path = table.dataset, partial(layout.table_part, table.name, self._run_id)
        made = self._engine.select(self._lake, query, tables, into, path, by_month=into.day is not None)
        about = {layout.RUN_ID: self._run_id, layout.EXTRACTION_ID: self._transformed.extraction_id}
        table.replace(removed, made.files, about)


def _rows(dataset: Dataset, stored: Sequence[Stored]) -> pa.Table | Sequence[Stored]:
    """The rows of these files, or of none."""
    return stored or dataset.schema.empty_table()


@dataclass(frozen=True)
class LakeDestination:
    """Tables of Apache Iceberg, whose catalogue is beside the ledger: one transaction commits both.

    `glue`: its tables follow those of the catalogue.
    """

    warehouse: Warehouse
    lake: Lake
    engine: Engine
    glue: Glue | None = None
    name: ClassVar = "lake"
    capabilities: ClassVar = Capabilities(
        shares_ledger_transaction=True,
        carries_marker=False,
        transactional_ddl=True,
        enforces_keys=False,
        advisory_locks=True,
        staging="none",
    )

    @property
    def namespace(self) -> str:
        return self.lake.url

    def marker(self, _source: Source) -> None:
        """The lake carries none: the ledger says it all."""

    @contextmanager
    def open(
        self,
        source: Source,
        transformed: Transformed | None,
        _days: Sequence[DataInterval],
        emit: Listener,
        run_id: str,
    ) -> Iterator[Publication]:
        """The transaction in which a run is published; it waits while another run publishes the source into the lake.

        Raises: WarehouseUnavailableError if the other run does not end within the lock timeout.
        """
        if transformed is None:
            raise UsageError(
                "The lake takes whole extractions only.", hint=f"Extract the days again: `etl run {source.name}`."
            )
        with locked(self.warehouse, source, emit):
            found = tables(self.warehouse, self.lake)
            former = self._former(found, source)
            yield Publication(self.lake, found, self.engine, source, transformed, run_id, former)

    def announce(self, source: Source, emit: Listener) -> None:
        if self.glue is not None:
            following.follow(self.warehouse, self.lake, self.glue, source, emit)

    def _former(self, found: iceberg.Tables, source: Source) -> dict[str, list[Stored]]:
        """What an earlier version published into a lake without tables: silver was what had been transformed."""
        about = {"source": source.name, "destination": self.name}
        has_tables = not {f"silver.{dataset.name}" for dataset in source.datasets}.isdisjoint(found.names())
        if has_tables or not self.warehouse.run("ledger/published_extractions", about):
            return {}
        return silver.state(self.lake, source)
