"""Events of a run, as they happen: anything may listen, and the pipeline knows none of its listeners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from etl.core.intervals import DataInterval
from etl.core.outcomes import Newer, TableOutcome
from etl.core.tables import Dataset


@dataclass(frozen=True)
class Data:
    """Data that a step read or wrote: where it is (an API, a lake, a database), its name, its columns.

    `made_by` is the SQL that made it, if it was made by SQL; `rows` is None if they were not counted.
    """

    namespace: str
    name: str
    dataset: Dataset | None = None
    rows: int | None = None
    made_by: str = ""


@dataclass(frozen=True)
class Event:
    """Every event is about one source."""

    source: str


@dataclass(frozen=True)
class RunStarted(Event):
    """A run is recorded in the ledger; an interval of None means the whole state."""

    run_id: str
    interval: DataInterval | None
    destination: str


@dataclass(frozen=True)
class RunEnded(Event):
    """A run has ended and readers see what it published; `status` is published or unchanged."""

    run_id: str
    status: str
    tables: tuple[TableOutcome, ...]


@dataclass(frozen=True)
class RunFailed(Event):
    """A run has ended with an error."""

    run_id: str
    error: Exception


@dataclass(frozen=True)
class StepStarted(Event):
    """A step begins: check, extract, transform, stage, audit or publish."""

    step: str
    extraction_id: str | None = None


@dataclass(frozen=True)
class StepEnded(Event):
    """A step succeeded; `counts` are its figures by name."""

    step: str
    extraction_id: str | None
    seconds: float
    counts: Mapping[str, Any]
    inputs: tuple[Data, ...] = ()
    outputs: tuple[Data, ...] = ()


@dataclass(frozen=True)
class StepFailed(Event):
    """A step ended with an error."""

    step: str
    extraction_id: str | None
    error: Exception


@dataclass(frozen=True)
class SourceAnswered(Event):
    """The API answered as it should, or did not; `is_withdrawn`: it said that it is gone."""

    is_up: bool
    is_withdrawn: bool = False


@dataclass(frozen=True)
class EndpointStarted(Event):
    """From now on the pages of an endpoint are requested."""

    endpoint: str


@dataclass(frozen=True)
class PageKept(Event):
    """A page is in bronze; `bytes` before compression."""

    endpoint: str
    bytes: int
    records: int


@dataclass(frozen=True)
class EndpointExtracted(Event):
    """All pages of an endpoint are in bronze."""

    endpoint: str
    pages: int
    records: int
    bytes: int


@dataclass(frozen=True)
class PagesParsed(Event):
    """Some pages of an endpoint became rows."""

    endpoint: str
    pages: int


@dataclass(frozen=True)
class RowsTransformed(Event):
    """Rows of a dataset are in the lake."""

    dataset: str
    rows: int


@dataclass(frozen=True)
class RowsRefused(Event):
    """Records of an endpoint broke its contract and are in quarantine; `counts` by kind."""

    endpoint: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class FieldsSeen(Event):
    """Fields that an endpoint sends and its contract does not list; often none."""

    endpoint: str
    unknown: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class RowsStaged(Event):
    """Rows of a dataset are staged, seen by no reader."""

    dataset: str
    rows: int
    seconds: float


@dataclass(frozen=True)
class PublishingWaits(Event):
    """Another run of the source is publishing; this one waits for it."""


@dataclass(frozen=True)
class NewerIsPublished(Event):
    """A newer extraction is published already, so this one stays unpublished."""

    newer: Newer


@dataclass(frozen=True)
class GlueOverwritten(Event):
    """Glue named metadata of a table that were never current here, so that somebody else had written to it."""

    table: str
    metadata: str


@dataclass(frozen=True)
class LedgerCompleted(Event):
    """A run had published and died before the ledger said so; now it does, by the destination's marker."""

    run_id: str


@dataclass(frozen=True)
class RunForgotten(Event):
    """What a run published is no longer in its destination, which was restored from a backup."""

    run_id: str


@dataclass(frozen=True)
class LedgerMissed(Event):
    """The ledger could not be reached to record a failure."""

    error: Exception


@dataclass(frozen=True)
class RequestEnded(Event):
    """A request to an API ended: with an HTTP status, `no_answer`, or `broken` if it was cut or cannot be read."""

    outcome: str
    seconds: float


@dataclass(frozen=True)
class RequestRetried(Event):
    """A request is about to be repeated, after `wait_s`; `reason` is the outcome of the attempt before."""

    reason: str
    wait_s: float


@dataclass(frozen=True)
class QuotaSeen(Event):
    """The share of an API's quota that is left, from 0 to 1: as its headers say, or as our budget counts it."""

    ratio: float


@dataclass(frozen=True)
class BudgetWaited(Event):
    """A request will wait `seconds` for the budget, because of the limit of that name."""

    limit: str
    seconds: float


Listener = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Listens to nothing."""


def broadcast(*listeners: Listener) -> Listener:
    """All of them, in order."""

    def each(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return each
