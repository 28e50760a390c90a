"""The steps of a run as values: a plan is a list of them, so that what is printed is what is executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

from etl.core.api import Client
from etl.core.intervals import DataInterval
from etl.core.outcomes import Published
from etl.destinations.base import Destination
from etl.lake.silver import Transformed
from etl.pipeline.selection import transformed_extraction
from etl.postgres.connection import Warehouse
from etl.state.ledger import Attempt

if TYPE_CHECKING:
    from etl.pipeline.pipeline import Pipeline

T = TypeVar("T")


@dataclass(frozen=True)
class Target:
    """A destination, and the session in whose transaction the ledger says what it has."""

    destination: Destination
    warehouse: Warehouse


@dataclass
class Handover:
    """What a run works with, targets by the names of destinations, and what each of its steps leaves for the next."""

    pipeline: Pipeline
    client: Client
    targets: Mapping[str, Target]
    interval: DataInterval | None
    attempt: Attempt | None = None
    extraction_id: str | None = None
    transformed: Transformed | None = None
    published: dict[str, Published] = field(default_factory=dict)


def required(value: T | None) -> T:
    """What an earlier step must have left behind. Raises: RuntimeError if it did not: the list of steps is wrong."""
    if value is None:
        raise RuntimeError("a step was executed before the one that it needs")
    return value


class Step(Protocol):
    """One step, or several that only succeed together; `names` are shown to people, in order."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def execute(self, run: Handover) -> None: ...


@dataclass(frozen=True)
class Check:
    """Find out with one small request whether the run can succeed."""

    names: ClassVar[tuple[str, ...]] = ("check",)

    def execute(self, run: Handover) -> None:
        run.pipeline.check(run.client, run.interval)


@dataclass(frozen=True)
class Extract:
    """Store the API's responses in bronze."""

    names: ClassVar[tuple[str, ...]] = ("extract",)

    def execute(self, run: Handover) -> None:
        run.extraction_id = run.pipeline.extract(run.client, run.interval)


@dataclass(frozen=True)
class Transform:
    """Turn an extraction into silver: the one named, or else the one just extracted."""

    extraction_id: str | None = None
    names: ClassVar[tuple[str, ...]] = ("transform",)

    def execute(self, run: Handover) -> None:
        run.transformed = run.pipeline.transform(self.extraction_id or required(run.extraction_id))


@dataclass(frozen=True)
class Publish:
    """Stage, audit and publish an extraction into a destination, all or nothing.

    The extraction is the one named, or else the one just transformed.
    """

    into: str
    extraction_id: str | None = None
    names: ClassVar[tuple[str, ...]] = ("stage", "audit", "publish")

    def execute(self, run: Handover) -> None:
        pipeline = run.pipeline
        transformed = run.transformed or transformed_extraction(
            pipeline.lake, pipeline.source, run.interval, self.extraction_id
        )
        target = run.targets[self.into]
        run.published[self.into] = pipeline.publish(
            target.warehouse, transformed, target.destination, attempt=run.attempt
        )


def everything(into: str) -> tuple[Step, ...]:
    """All steps of a run into a destination."""
    return (Check(), Extract(), Transform(), Publish(into))


def names(steps: tuple[Step, ...]) -> list[str]:
    """Their names in order."""
    return [name for step in steps for name in step.names]
