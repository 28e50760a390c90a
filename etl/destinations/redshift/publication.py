"""Stage → audit → publish in one Redshift transaction that ends with a marker: readers see all of a run or nothing."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from etl.core.errors import UsageError
from etl.core.events import Listener, RowsStaged
from etl.core.intervals import DataInterval
from etl.core.outcomes import AuditResult, TableOutcome
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.destinations import losses
from etl.destinations.audits import raise_first_failure
from etl.destinations.base import Capabilities, Marker, Rows
from etl.destinations.redshift import audits, gold, markers, tables
from etl.destinations.redshift.connection import Redshift, namespace, session
from etl.destinations.redshift.load import Loads
from etl.destinations.redshift.statements import columns, content, text
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from etl.settings import RedshiftSettings
from etl.sql.days import within


class Publication:
    """One run that is being published; made by `RedshiftDestination.open`, used within its block."""

    def __init__(self, redshift: Redshift, source: Source, loads: Loads, run_id: str, emit: Listener) -> None:
        self._redshift = redshift
        self._source = source
        self._loads = loads
        self._run_id = run_id
        self._emit = emit
        self._received: dict[str, int] = {}
        self._days: Sequence[DataInterval] = ()
        self._kept: Collection[str] = ()
        self._lost: dict[str, int] = {}
        self.audits: list[AuditResult] = []

    def stage(
        self, _rows: Rows, days: Sequence[DataInterval], keep: Collection[str], without: Collection[str] = ()
    ) -> int:
        """Have Redshift read the run's files; return how many rows it read of these days.

        Raises: AuditError if it did not read all, or if a key is duplicated.
        """
        self._days, self._kept = days, keep
        for dataset in self._source.datasets:
            self._redshift.execute(tables.create(f"stage.{dataset.name}", dataset))
            self._received[dataset.name] = 0 if dataset.name in without else self._copy(dataset)
        for dataset in reversed(self._source.datasets):  # parts before their whole, which says what was read
            if dataset.name in keep:
                self._carry_over(dataset)
        self._refuse([audits.keys_unique(self._redshift, dataset) for dataset in self._source.datasets])
        return sum(self._received.values())

    def audit(self, *, accepts_loss: bool) -> None:
        """Run every audit on the new state.

        Raises: AuditError for the first that finds rows; all have run by then, and are in `audits`.
        """
        found = list(audits.of_source(self._redshift, self._source.name, self._days))
        lost_rows = [lost for dataset in self._source.datasets for lost in self._lost_rows(dataset)]
        if not accepts_loss:
            for dataset in self._source.datasets:
                found += audits.lost_values(self._redshift, dataset, self._days)
            found += lost_rows
        self._refuse(found)

    def publish(self) -> list[TableOutcome]:
        """Replace what differs, in silver and then in the gold that follows from it, and commit it with the marker."""
        outcomes = [self._replace("silver", dataset, self._days) for dataset in self._source.datasets]
        for table in self._source.gold:
            self._redshift.execute(tables.create(f"stage.{table.name}", table))
            made = text("redshift/make", table=f"stage.{table.name}", query=gold.translated(table.name))
            self._redshift.execute(made)
            self._refuse([audits.keys_unique(self._redshift, table)])
            outcomes.append(self._replace("gold", table, ()))
        markers.write(self._redshift, self._source.name, self._marker(outcomes))
        self._redshift.commit()
        return outcomes

    def _copy(self, dataset: Dataset) -> int:
        begin, name = time.monotonic(), f"stage.{dataset.name}"
        self._loads.copy(self._redshift, dataset)
        count = self._count(name)
        missing = abs(self._loads.rows(dataset) - count)
        query = text("redshift/count", table=name, days="true")
        self._refuse(
            [AuditResult(f"{dataset.name}.all_rows_read", missing, ({"read": count},) if missing else (), query)]
        )
        if dataset.day and self._days:
            self._redshift.execute(text("redshift/remove", table=name, days=f"not {within(dataset.day, self._days)}"))
            count = self._count(name)
        self._emit(RowsStaged(self._source.name, dataset.name, count, time.monotonic() - begin))
        return count

    def _carry_over(self, dataset: Dataset) -> None:
        """Stage published rows that were not read again; if there are days, only rows of those."""
        whole = next(other for other in self._source.datasets if other.name == (dataset.part_of or dataset.name))
        self._redshift.execute(
            text(
                "redshift/carry_over",
                table=dataset.name,
                columns=columns(c.name for c in dataset.columns),
                published_columns=", ".join(f'published."{c.name}"' for c in dataset.columns),
                whole=whole.name,
                key=" and ".join(f'published."{name}" = staged."{name}"' for name in whole.key),
                first=f'"{whole.key[0]}"',
                days=within(dataset.day, self._days, "published"),
            )
        )

    def _lost_rows(self, dataset: Dataset) -> Iterator[AuditResult]:
        """What the dataset would lose; where published rows were carried over, none can be missing."""
        if dataset.name not in self._kept:
            lost = audits.lost_rows(self._redshift, dataset, self._days)
            self._lost[dataset.name] = lost.offending_rows
            published = partial(audits.published_rows, self._redshift, dataset, self._days)
            yield losses.unless_few(lost, dataset, published)

    def _replace(self, schema: str, table: Dataset, days: Sequence[DataInterval]) -> TableOutcome:
        """Make the published table, or these days of it, equal to what is staged; touch nothing if it is."""
        published, staged, scope = f"{schema}.{table.name}", f"stage.{table.name}", within(table.day, days)
        about = {"published": published, "staged": staged, "days": scope}
        [differs] = self._redshift.execute(text("redshift/differs", columns=content(table), **about))
        if is_changed := bool(differs["different_rows"]):
            self._redshift.execute(text("redshift/remove", table=published, days=scope))
            names = columns(column.name for column in table.columns)
            self._redshift.execute(text("redshift/bring_in", published=published, staged=staged, columns=names))
        self._redshift.execute(text("redshift/drop_stage", table=staged))
        rows = self._count(published)
        received, lost = self._received.get(table.name, rows), self._lost.get(table.name, 0)
        return TableOutcome(table.name, received, rows, None, is_changed, lost)

    def _count(self, table: str) -> int:
        [found] = self._redshift.execute(text("redshift/count", table=table, days="true"))
        return int(found["row_count"])

    def _marker(self, outcomes: Sequence[TableOutcome]) -> Marker:
        return Marker(self._run_id, self._loads.transformed.extraction_id, tuple(self._days), tuple(outcomes))

    def _refuse(self, found: list[AuditResult]) -> None:
        self.audits += found
        raise_first_failure(self.audits)


@dataclass(frozen=True)
class RedshiftDestination:
    """Redshift, which reads the lake itself; the ledger stays in Postgres, and is completed from the marker."""

    settings: RedshiftSettings
    lake: Lake
    lock_timeout_s: float
    name: ClassVar = "redshift"
    capabilities: ClassVar = Capabilities(
        shares_ledger_transaction=False,
        carries_marker=True,
        transactional_ddl=True,
        enforces_keys=False,
        advisory_locks=False,
        staging="s3",
    )

    @property
    def namespace(self) -> str:
        return namespace(self.settings)

    def marker(self, source: Source) -> Marker | None:
        with session(self.settings) as redshift:
            return markers.read(redshift, source.name)

    @contextmanager
    def open(
        self,
        source: Source,
        transformed: Transformed | None,
        _days: Sequence[DataInterval],
        emit: Listener,
        run_id: str,
    ) -> Iterator[Publication]:
        """The transaction in which a run is published: one at a time, whatever the source.

        The lock comes first: a transaction that read first and waited afterwards would end in a serializable isolation
        violation. Raises: WarehouseUnavailableError if the other run does not end within the lock timeout.
        """
        if transformed is None:
            raise UsageError(
                "Redshift takes whole extractions only.", hint=f"Extract the days again: `etl run {source.name}`."
            )
        with session(self.settings) as redshift:
            tables.prepare(redshift)
            with redshift.transaction():
                self._lock(redshift)
                tables.require(redshift, "silver", source.datasets)
                tables.require(redshift, "gold", source.gold)
                yield Publication(redshift, source, Loads(self.lake, transformed, self.settings.iam_role), run_id, emit)

    def announce(self, source: Source, emit: Listener) -> None:
        """Nobody keeps a copy."""

    def _lock(self, redshift: Redshift) -> None:
        redshift.execute(text("redshift/limit_waiting", milliseconds=str(int(self.lock_timeout_s * 1000))))
        redshift.execute(text("redshift/lock"))
        redshift.execute(text("redshift/limit_waiting", milliseconds="0"))
