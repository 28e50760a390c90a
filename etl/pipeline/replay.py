"""Quarantined records on their way back: as they were kept, or as somebody corrected them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from etl.core.errors import UsageError
from etl.core.outcomes import Published
from etl.core.pages import Asked
from etl.core.source import Source
from etl.destinations.postgres.publication import PostgresDestination
from etl.pipeline.pipeline import Pipeline
from etl.pipeline.publishing import stage_and_audit
from etl.postgres.connection import Warehouse

LIST = "`etl quarantine list --json` prints the lines to correct."


@dataclass(frozen=True)
class Kept:
    """A record in quarantine: its endpoint, its JSON, and what its page was about."""

    endpoint: str
    record: bytes
    asked: Asked


def records(kept: Iterable[Mapping[str, Any]], corrected: bytes | None) -> dict[int, Kept]:
    """The records to replay by quarantine id; only the corrected ones if some are given.

    `corrected`: lines of `etl quarantine list --json`.
    Raises: UsageError for a line that is not such a line, or names a record that is not in quarantine.
    """
    known = {row["quarantine_id"]: _kept(row) for row in kept}
    if corrected is None:
        return known
    replacements = {}
    for number, line in enumerate(corrected.splitlines(), start=1):
        if line.strip():
            quarantine_id, record = _corrected(number, line)
            if quarantine_id not in known:
                raise UsageError(f"Line {number}: record {quarantine_id} is not in quarantine.", hint=LIST)
            replacements[quarantine_id] = Kept(known[quarantine_id].endpoint, record, known[quarantine_id].asked)
    return replacements


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
            published = Published(destination.name, status, tables)
            step.counts.update(tables=sum(table.is_changed for table in tables), rows=published.rows_published)
        replayed = [quarantine_id for quarantine_id in kept if quarantine_id not in still_refused]
        warehouse.run("ledger/close_quarantine", {"ids": replayed})
    return published, still_refused


def _kept(row: Mapping[str, Any]) -> Kept:
    asked = Asked(row["about"] or {}, row["received_at"] or datetime.now(UTC))  # both are unknown of old records
    return Kept(row["endpoint"], row["record"].encode(), asked)


def _corrected(number: int, line: bytes) -> tuple[int, bytes]:
    try:
        fields = json.loads(line)
        quarantine_id, record = fields["quarantine_id"], fields["record"]
        if type(quarantine_id) is not int:
            raise TypeError("its quarantine_id is not a whole number")
        return quarantine_id, json.dumps(record).encode()
    except KeyError as error:
        raise UsageError(f"Line {number} is not a corrected record: it lacks {error.args[0]}.", hint=LIST) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise UsageError(f"Line {number} is not a corrected record: {error}.", hint=LIST) from error


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
