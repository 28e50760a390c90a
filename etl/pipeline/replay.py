"""Publishes quarantined records: as they were stored, or as someone corrected them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from etl.core.errors import UsageError
from etl.core.intervals import DataInterval
from etl.core.outcomes import Published
from etl.core.pages import PageContext
from etl.core.source import Source
from etl.destinations.postgres.publication import PostgresDestination
from etl.pipeline.pipeline import Pipeline
from etl.pipeline.publishing import stage_and_audit
from etl.postgres.connection import Warehouse


@dataclass(frozen=True)
class Kept:
    """A record in quarantine: its endpoint, its JSON, and what its page was about."""

    endpoint: str
    record: bytes
    context: PageContext


def replay(pipeline: Pipeline, warehouse: Warehouse, kept: Mapping[int, Kept]) -> tuple[Published, dict[int, str]]:
    """Publish quarantined records, corrected or now accepted, on top of what is published.

    Returns what was published and, by quarantine id, why a record is still rejected.
    Raises: UsageError if another run has read some of them again in the meantime, or if rows are made from several
    records, so that a single one cannot be published.
    """
    source = pipeline.source
    if source.derived:
        raise UsageError(
            f"Rows of {source.name} are made from all records of a day: a single record cannot be published.",
            hint=f"Read the day again: `etl run {source.name} --from DAY --to NEXT_DAY`.",
        )
    batches, still_rejected = _parse_again(source, kept)
    days = _days_of(source, batches)
    destination = PostgresDestination(warehouse)
    with (
        pipeline.attempt(warehouse, None, destination) as attempt,
        destination.open(source, None, days, pipeline.emit, attempt.run_id) as publication,
    ):
        _refuse_settled(warehouse, source, kept)
        everything = {dataset.name for dataset in source.datasets}
        stage_and_audit(
            pipeline, publication, lambda dataset: batches.get(dataset.name, []), days, everything, attempt, None
        )
        with pipeline.step("publish") as step:
            published = Published.of(attempt.run_id, destination.name, publication.publish())
            attempt.finish(status=published.status, outcomes=published.tables, extraction_id=None, origin=source.origin)
            step.counts.update(published.counts)
        replayed = [quarantine_id for quarantine_id in kept if quarantine_id not in still_rejected]
        warehouse.run("ledger/close_quarantine", {"ids": replayed})
    return published, still_rejected


def _parse_again(source: Source, kept: Mapping[int, Kept]) -> tuple[dict[str, list[Any]], dict[int, str]]:
    """Batches by dataset and, by quarantine id, why a record is still rejected."""
    endpoints = {endpoint.name: endpoint for endpoint in source.endpoints}
    batches: dict[str, list[Any]] = {}
    still_rejected: dict[int, str] = {}
    for quarantine_id, each in kept.items():
        parsed = endpoints[each.endpoint].parse(b"[" + each.record + b"]", each.context)
        if parsed.refused:
            still_rejected[quarantine_id] = parsed.refused[0].reason
        for dataset, batch in parsed.batches.items():
            batches.setdefault(dataset, []).append(batch)
    return batches, still_rejected


def _days_of(source: Source, batches: Mapping[str, list[Any]]) -> list[DataInterval]:
    """The days of their rows, each on its own."""
    found = {
        day
        for dataset in source.datasets
        if dataset.day
        for batch in batches.get(dataset.name, [])
        for day in batch[dataset.day].unique().to_pylist()
    }
    return [DataInterval(day, day + timedelta(days=1)) for day in sorted(found)]


def _refuse_settled(warehouse: Warehouse, source: Source, kept: Iterable[int]) -> None:
    """Called under the source's lock, so that an old record never replaces one that was read since."""
    about = {"source": source.name, "destination": "warehouse"}
    still_open = {row["quarantine_id"] for row in warehouse.run("ledger/open_quarantine", about)}
    if settled := sorted(set(kept) - still_open):
        raise UsageError(
            f"Another run has settled record {', '.join(map(str, settled))} in the meantime.",
            hint="See `etl quarantine list`.",
        )
