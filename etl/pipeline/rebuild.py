"""Make a destination again from the lake alone: publish, oldest first, every extraction that its ledger lacks.

The order is the one in which they were read, so that values kept from an earlier extraction, quarantine and watermarks
come out as they were. What bronze holds is transformed again; silver stands in where bronze has expired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from etl.core.errors import AuditError, SourceContractError
from etl.core.intervals import DataInterval
from etl.core.outcomes import Published
from etl.destinations.base import Destination
from etl.lake import bronze, silver
from etl.lake.silver import Transformed
from etl.pipeline.pipeline import Pipeline
from etl.pipeline.selection import transformed_extraction
from etl.postgres.connection import Warehouse


@dataclass(frozen=True)
class PlannedExtraction:
    """An extraction that a destination lacks; `in_bronze`: it is transformed again before it is published."""

    extraction_id: str
    interval: DataInterval | None
    in_bronze: bool


@dataclass(frozen=True)
class Refused:
    """An extraction that an audit or the contract refuses, perhaps as when it was first read."""

    extraction: PlannedExtraction
    error: AuditError | SourceContractError


@dataclass(frozen=True)
class Plan:
    """What is published, oldest first; `published` is how many the destination has already."""

    source: str
    destination: str
    extractions: tuple[PlannedExtraction, ...]
    published: int


def make_plan(pipeline: Pipeline, warehouse: Warehouse, destination: str) -> Plan:
    """Compare the lake with the destination's ledger."""
    source, lake = pipeline.source, pipeline.lake
    about = {"source": source.name, "destination": destination}
    published = {row["extraction_id"] for row in warehouse.run("ledger/published_extractions", about)}
    in_bronze = bronze.intervals(lake, source)
    held = {each.extraction_id: silver.interval_of(each) for each in silver.extractions(lake, source)} | in_bronze
    due = (PlannedExtraction(each, held[each], each in in_bronze) for each in sorted(held.keys() - published))
    return Plan(source.name, destination, tuple(due), len(held.keys() & published))


def execute(
    plan: Plan,
    pipeline: Pipeline,
    warehouse: Warehouse,
    destination: Destination,
    on_published: Callable[[Published, Transformed], None],
    on_refused: Callable[[Refused], None],
) -> list[Refused]:
    """Publish what the plan says, in spite of refused extractions.

    Returns those of which no later one has all days: what they hold is missing.
    """
    done, refused = [], []
    for planned in plan.extractions:
        try:
            transformed = _transformed(pipeline, planned)
            on_published(pipeline.publish(warehouse, transformed, destination), transformed)
            done.append(planned)
        except (AuditError, SourceContractError) as error:
            refused.append(Refused(planned, error))
            on_refused(refused[-1])
    return [each for each in refused if not _is_replaced(each.extraction, done)]


def _transformed(pipeline: Pipeline, planned: PlannedExtraction) -> Transformed:
    if planned.in_bronze:
        return pipeline.transform(planned.extraction_id)
    return transformed_extraction(pipeline.lake, pipeline.source, None, planned.extraction_id)


def _is_replaced(refused: PlannedExtraction, published: Iterable[PlannedExtraction]) -> bool:
    """Whether later extractions have everything that it is about."""
    later = [each.interval for each in published if each.extraction_id > refused.extraction_id]
    if refused.interval is None:
        return None in later
    return not refused.interval.without(interval for interval in later if interval)
