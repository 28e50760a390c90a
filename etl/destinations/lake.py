"""The lake as a destination: gold as Parquet files, for data that has outgrown Postgres."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

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
from etl.engines.base import Engine, Selected, nothing_before
from etl.lake import layout, parquet, silver
from etl.lake.layout import Stored
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from etl.sql.statements import statement


@dataclass(frozen=True)
class LakeDestination:
    """Silver is there as soon as it is transformed; publishing makes gold from the newest silver of every day."""

    lake: Lake
    engine: Engine
    name: ClassVar = "lake"
    capabilities: ClassVar = Capabilities(
        shares_ledger_transaction=False,
        carries_marker=False,
        transactional_ddl=False,
        enforces_keys=False,
        advisory_locks=False,
        staging="none",
    )

    @property
    def namespace(self) -> str:
        return self.lake.url

    def marker(self, _source: Source) -> None:
        """The lake carries none."""

    @contextmanager
    def open(
        self,
        source: Source,
        transformed: Transformed | None,
        _days: Sequence[DataInterval],
        _emit: Listener,
        _run_id: str,
    ) -> Iterator[LakePublication]:
        """The block in which a run's gold is made."""
        if transformed is None:
            raise UsageError(
                "The lake takes whole extractions only.", hint=f"Extract the days again: `etl run {source.name}`."
            )
        yield LakePublication(self.lake, self.engine, source, transformed)


@dataclass
class LakePublication:
    """One run's gold; its silver is in the lake already."""

    lake: Lake
    engine: Engine
    source: Source
    transformed: Transformed
    audits: list[AuditResult] = field(default_factory=list)

    def stage(
        self, _rows: Rows, _days: Sequence[DataInterval], _keep: Collection[str], _without: Collection[str] = ()
    ) -> int:
        """The rows stay where they are."""
        return sum(self.transformed.rows.values())

    def audit(self, *, accepts_loss: bool) -> None:
        """Compare the silver with what was the newest before, on the same days."""
        before = silver.state(self.lake, self.source, before=self.transformed)
        if accepts_loss or not before:
            return
        for dataset in self.source.datasets:
            published = before.get(f"silver.{dataset.name}")
            if published is None:
                continue  # its days are new
            if losses.may_lose_values(dataset):
                self.audits.append(self._lost(dataset, published, losses.VALUES, losses.lost_values(dataset)))
            rows = self._lost(dataset, published, losses.rows_audit(dataset), losses.lost_rows(dataset))
            self.audits.append(losses.unless_few(rows, dataset, partial(parquet.count_rows, self.lake, published)))
        raise_first_failure(self.audits)

    def _lost(self, dataset: Dataset, published: list[Stored], audit: str, query: str) -> AuditResult:
        """What a query finds, however little."""
        staged = [Stored(dataset, tuple(self.transformed.files[dataset.name]))]
        tables = {f"silver.{dataset.name}": published, f"stage.{dataset.name}": staged}
        extraction_id, into = self.transformed.extraction_id, losses.found_by(dataset, audit)
        path = partial(layout.part, "parsed", into.name, extraction_id)
        selected = self.engine.select(self.lake, query, tables, into, path)
        first = next(parquet.batches(self.lake, selected.files, rows=SAMPLE_ROWS), None)
        self.lake.delete_folder(layout.folder("parsed", into.name, extraction_id))
        sample = () if first is None else tuple(first.to_pylist())
        return AuditResult(f"{dataset.name}.{audit}", selected.rows, sample, query, is_loss=True)

    def publish(self) -> list[TableOutcome]:
        """Make each gold table from the newest silver of every day. Its content is not compared with the previous."""
        gold = {name: made.rows for name, made in self._make().items()}
        rows = self.transformed.rows | gold
        return [TableOutcome(name, count, count, None, True) for name, count in rows.items()]

    def _make(self) -> dict[str, Selected]:
        tables: dict[str, pa.Table | Sequence[Stored]] = {
            **silver.state(self.lake, self.source),
            **nothing_before(self.source.gold),
        }
        made = {}
        for table in self.source.gold:
            path = partial(layout.part, "gold", table.name, self.transformed.extraction_id)
            made[table.name] = self.engine.select(self.lake, statement(f"gold/{table.name}"), tables, table, path)
            silver.keep_only(self.lake, "gold", table.name, self.transformed.extraction_id, made[table.name].files)
            tables[f"gold.{table.name}"] = [Stored(table, made[table.name].files)]
        return made
