"""Stage → audit → publish: puts a transformed extraction into a destination, and the outcome into the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING, Any

from etl.core import events
from etl.core.errors import AuditError, UsageError
from etl.core.events import Data
from etl.core.intervals import DataInterval
from etl.core.outcomes import Published, TableOutcome
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.destinations.base import Destination, Publication, Rows
from etl.lake import layout, silver
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from etl.postgres.connection import Warehouse
from etl.sql.statements import statement
from etl.state import ledger

if TYPE_CHECKING:
    from etl.pipeline.pipeline import Pipeline

Incomplete = Mapping[str, Mapping[date, int]]


def publish(
    pipeline: Pipeline,
    warehouse: Warehouse,
    attempt: ledger.Attempt,
    destination: Destination,
    transformed: Transformed,
    *,
    even_if_older: bool,
) -> Published:
    """Publish the extraction, unless a later one is published already; with `even_if_older`, in any case."""
    source, lake, extraction_id = pipeline.source, pipeline.lake, transformed.extraction_id
    days = [] if attempt.interval is None else [attempt.interval]
    with (
        _noting_a_failed_audit(lake, transformed),
        attempt.alone() if destination.capabilities.carries_marker else nullcontext(),
        destination.open(source, transformed, days, pipeline.emit, attempt.run_id) as publication,
    ):
        if not even_if_older and (newer := attempt.newer_extraction(extraction_id)):
            pipeline.emit(events.NewerIsPublished(source.name, newer))
            days = attempt.days_left(extraction_id, newer)
            if not days:
                attempt.finish(status="unchanged", outcomes=(), origin=transformed.origin, extraction_id=None)
                return Published(attempt.run_id, destination.name, "unchanged", (), newer)

        superseded = _superseded(source, attempt, extraction_id, even_if_older=even_if_older)
        if days not in ([], [attempt.interval]):
            _refuse_some_days(source, days, superseded)

        def rows(dataset: Dataset) -> Iterable[Any]:
            if dataset.name in superseded:
                return ()
            if days in ([], [attempt.interval]):
                return silver.batches(lake, transformed, dataset)
            return chain.from_iterable(silver.batches(lake, transformed, dataset, some) for some in days)

        keep = _partly_read(source, transformed, silver.endpoints_with_rejects(lake, transformed)) | superseded
        stage_and_audit(pipeline, publication, rows, days, keep, attempt, extraction_id, superseded)
        # Read from the lake before anything that is published is written.
        incomplete = incomplete_days(lake, source, transformed)
        with pipeline.step("publish", extraction_id) as step:
            published = Published.of(attempt.run_id, destination.name, publication.publish())
            record(warehouse, attempt, source, lake, transformed, days, incomplete, published)
            step.counts.update(published.counts)
            step.inputs = silver_data(lake, source, transformed)
            step.outputs = _published_data(destination, source, published.tables)
    if transformed.failed_audit and published.status == "published":
        silver.write(lake, replace(transformed, failed_audit=""))
    return published


def record(
    warehouse: Warehouse,
    attempt: ledger.Attempt,
    source: Source,
    lake: Lake,
    transformed: Transformed,
    days: Sequence[DataInterval],
    incomplete: Incomplete,
    published: Published,
) -> None:
    """Put into the ledger what is published now, all or nothing."""
    with warehouse.transaction():
        _record_days(source, attempt, transformed, days, incomplete)
        attempt.finish(
            status=published.status,
            outcomes=published.tables,
            origin=transformed.origin,
            extraction_id=transformed.extraction_id,
            quarantined=silver.quarantined(lake, transformed),
        )


def incomplete_days(lake: Lake, source: Source, transformed: Transformed) -> Incomplete:
    """By dataset, its days with unknown values that are awaited."""
    return {table.name: silver.incomplete_days(lake, transformed, table) for table in source.datasets}


@contextmanager
def _noting_a_failed_audit(lake: Lake, transformed: Transformed) -> Iterator[None]:
    """If an audit fails, the lake's readers keep what was there before."""
    try:
        yield
    except AuditError as error:
        silver.write(lake, replace(transformed, failed_audit=error.audit))
        raise


def _superseded(source: Source, attempt: ledger.Attempt, extraction_id: str, *, even_if_older: bool) -> frozenset[str]:
    """Datasets that the API serves whole and of which a later extraction, of whatever days, is published already."""
    if even_if_older or attempt.interval is None or not source.served_whole:
        return frozenset()
    return source.served_whole if attempt.newer_extraction(extraction_id, of_any_days=True) else frozenset()


def _refuse_some_days(source: Source, days: list[DataInterval], superseded: Collection[str]) -> None:
    """Raises: UsageError if only some days of an extraction can be published, but rows do not say which is theirs."""
    if not all(dataset.day or dataset.name in superseded for dataset in source.datasets):
        said = ", ".join(f"`etl run {source.name} --from {some.start} --to {some.end}`" for some in days)
        raise UsageError(
            "A later extraction of some of these days is published, and this one is of others as well.",
            hint=f"Read the others again: {said}.",
        )


def _record_days(
    source: Source,
    attempt: ledger.Attempt,
    transformed: Transformed,
    days: Sequence[DataInterval],
    incomplete: Incomplete,
) -> None:
    """How far the source is published now; what was rejected or unknown on `days` before has been read again."""
    attempt.move_watermarks(source.datasets, known_until(transformed))
    pieces: Sequence[DataInterval | None] = days or [None]
    for some in pieces:
        attempt.resolve_quarantine(some)
    read_on = layout.creation_date(transformed.extraction_id)
    for dataset in source.datasets:
        for some in days:
            attempt.await_days(dataset, some, incomplete[dataset.name], await_days=source.await_days, read_on=read_on)


def stage_and_audit(
    pipeline: Pipeline,
    publication: Publication,
    rows: Rows,
    days: Sequence[DataInterval],
    keep: set[str],
    attempt: ledger.Attempt,
    extraction_id: str | None,
    without: Collection[str] = (),
) -> None:
    """The two steps before readers see anything. Raises: AuditError, after giving all findings to the attempt."""
    try:
        with pipeline.step("stage", extraction_id) as step:
            step.counts["rows"] = publication.stage(rows, days, keep, without)
        with pipeline.step("audit", extraction_id) as step:
            publication.audit(accepts_loss=pipeline.accepts_loss)
            step.counts["audits"] = len(publication.audits)
    finally:
        attempt.audits = tuple(publication.audits)


def silver_data(lake: Lake, source: Source, transformed: Transformed) -> tuple[Data, ...]:
    """The silver of an extraction, as events name it."""
    return tuple(
        Data(lake.url, f"silver/{dataset.name}", dataset, transformed.rows.get(dataset.name))
        for dataset in source.datasets
    )


def _published_data(destination: Destination, source: Source, tables: Iterable[TableOutcome]) -> tuple[Data, ...]:
    rows = {table.table: table.rows_published for table in tables}
    silver_tables = [
        Data(destination.namespace, f"silver.{dataset.name}", dataset, rows.get(dataset.name))
        for dataset in source.datasets
    ]
    gold_tables = [
        Data(destination.namespace, f"gold.{table.name}", table, rows.get(table.name), statement(f"gold/{table.name}"))
        for table in source.gold
    ]
    return (*silver_tables, *gold_tables)


def _partly_read(source: Source, transformed: Transformed, with_rejects: set[str]) -> set[str]:
    """Datasets not read as a whole: records were rejected, or it was some days, and rows do not tell which."""
    found = set()
    for endpoint in source.endpoints:
        of_days = endpoint.knows_intervals and transformed.interval is not None
        for dataset in (*endpoint.datasets, *source.derived):
            if endpoint.name in with_rejects or (of_days and dataset.day is None):
                found.add(dataset.name)
    return found


def known_until(transformed: Transformed) -> date | None:
    """The end, exclusive, of the days known completely: the interval's end, but no later than the day it was read.

    None for an interval that had not begun by then.
    """
    read_on = layout.creation_date(transformed.extraction_id)
    interval = silver.interval_of(transformed)
    if interval is None:
        return read_on
    return min(interval.end, read_on) if interval.start < read_on else None
