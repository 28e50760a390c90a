"""Quarantined records are published: as they were kept, or as somebody corrected them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from etl.core.errors import UsageError
from etl.core.outcomes import Published
from etl.core.pages import Asked
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
    asked: Asked


def replay(pipeline: Pipeline, warehouse: Warehouse, kept: Mapping[int, Kept]) -> tuple[Published, dict[int, str]]:
    """Publish quarantined records, corrected or now understood, on top of what is published.

    Returns what was published and, by quarantine id, why a record is still refused.
    Raises: UsageError if another run has read some of them again in the meantime, or if rows are made from more than
    one record, so that a single one cannot be published.
    """
    source = pipeline.source
    if source.derived:
        raise UsageError(
            f"Rows of {source.name} are made together with those of the same day: none is published alone.",
            hint=f"Read the day again: `etl run {source.name} --from DAY --to NEXT_DAY`.",
        )
    batches, still_refused = _parse_again(source, kept)
    destination = PostgresDestination(warehouse)
    with (
        pipeline.attempt(warehouse, None, destination) as attempt,
        destination.open(source, None, pipeline.emit) as publication,
    ):
        _refuse_settled(warehouse, source, kept)
        everything = {dataset.name for dataset in source.datasets}
        stage_and_audit(pipeline, publication, lambda dataset: batches.get(dataset.name, []), everything, attempt, None)
        with pipeline.step("publish") as step:
            tables = tuple(publication.publish())
            status = "published" if any(table.is_changed for table in tables) else "unchanged"
            attempt.finish(status=status, outcomes=tables, extraction_id=None, origin=source.origin)
            published = Published(attempt.run_id, destination.name, status, tables)
            step.counts.update(tables=sum(table.is_changed for table in tables), rows=published.rows_published)
        replayed = [quarantine_id for quarantine_id in kept if quarantine_id not in still_refused]
        warehouse.run("ledger/close_quarantine", {"ids": replayed})
    return published, still_refused


def _parse_again(source: Source, kept: Mapping[int, Kept]) -> tuple[dict[str, list[Any]], dict[int, str]]:
    """Batches by dataset and, by quarantine id, why a record is still refused."""
    endpoints = {endpoint.name: endpoint for endpoint in source.endpoints}
    batches: dict[str, list[Any]] = {}
    still_refused: dict[int, str] = {}
    for quarantine_id, each in kept.items():
        parsed = endpoints[each.endpoint].parse(b"[" + each.record + b"]", each.asked)
        if parsed.refused:
            still_refused[quarantine_id] = parsed.refused[0].reason
        for dataset, batch in parsed.batches.items():
            batches.setdefault(dataset, []).append(batch)
    return batches, still_refused


def _refuse_settled(warehouse: Warehouse, source: Source, kept: Iterable[int]) -> None:
    """Under the source's lock, so that an old record never replaces what was read since."""
    about = {"source": source.name, "destination": "warehouse"}
    still_open = {row["quarantine_id"] for row in warehouse.run("ledger/open_quarantine", about)}
    if settled := sorted(set(kept) - still_open):
        raise UsageError(
            f"Another run has settled record {', '.join(map(str, settled))} in the meantime.",
            hint="See `etl quarantine list`.",
        )
