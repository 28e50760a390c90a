"""check → extract → transform → stage → audit → publish: the one place where a source meets lake and destination."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from etl.core import events
from etl.core.api import Client
from etl.core.errors import (
    AccessError,
    BudgetSpentError,
    PlatformError,
    SourceContractError,
    SourceUnavailableError,
    SourceWithdrawnError,
    UsageError,
)
from etl.core.events import Data, Listener
from etl.core.ids import new_id
from etl.core.intervals import DataInterval
from etl.core.outcomes import Published
from etl.core.pages import Page
from etl.core.source import Endpoint, Listed, Part, Row, Source
from etl.destinations.base import Destination
from etl.destinations.postgres.publication import PostgresDestination
from etl.engines.base import Engine
from etl.lake import bronze, silver
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from etl.pipeline import publishing, steps, transform
from etl.pipeline.reconciliation import reconcile
from etl.postgres.connection import Warehouse
from etl.state import ledger

Listing = Callable[[str, Row], Sequence[Row]]
DOWN = (SourceUnavailableError, SourceWithdrawnError, SourceContractError, AccessError)


@dataclass
class StepUnderWay:
    """A step under way: its figures, and the data it has read and written."""

    counts: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[Data, ...] = ()
    outputs: tuple[Data, ...] = ()


@dataclass(frozen=True)
class Summary:
    """What a whole run did; `seconds` by step."""

    run_id: str
    source: str
    interval: DataInterval | None
    transformed: Transformed
    published: Published
    seconds: dict[str, float] = field(default_factory=dict)


@contextmanager
def nothing_published() -> Iterator[Listing]:
    """What a source that asks for what others have published finds without a warehouse."""
    yield lambda _statement, _parameters: ()


@dataclass
class Pipeline:
    """One source, one lake, one engine; events go to `emit`.

    `accepts_loss`: a person has said that what the source no longer has may go.
    Within `published()`, a session for an extraction, `listing(statement, parameters)` are the rows of a statement on
    what is published.
    """

    source: Source
    lake: Lake
    max_refused_share: float
    engine: Engine
    emit: Listener = events.ignore
    accepts_loss: bool = False
    published: Callable[[], AbstractContextManager[Listing]] = nothing_published
    seconds: dict[str, float] = field(default_factory=dict)

    def run(
        self,
        client: Client,
        warehouse: Warehouse,
        interval: DataInterval | None,
        destination: Destination | None = None,
    ) -> Summary:
        """All steps, recorded in the warehouse's ledger from the start, whatever the destination (default: warehouse).

        Raises: any PlatformError, after recording it as well.
        """
        destination = destination or PostgresDestination(warehouse)
        with self.attempt(warehouse, interval, destination) as attempt:
            target = steps.Target(destination, warehouse)
            run = steps.Handover(self, client, {destination.name: target}, interval, attempt)
            for step in steps.everything(destination.name):
                step.execute(run)
        transformed, published = steps.required(run.transformed), run.published[destination.name]
        return Summary(attempt.run_id, self.source.name, interval, transformed, published, dict(self.seconds))

    def check(self, client: Client, interval: DataInterval | None) -> str:
        """Find out with one small request whether a run can succeed; returns what it saw and the run's cost."""
        with self.step("check"):
            with self._calling_api():
                seen = self.source.probe(client)
            if self.source.cost is None:
                return seen
            cost = self.source.cost(interval)
            left = [f"{calls:,.0f} of {limit.calls:,.0f} per {limit.name}" for limit, calls in client.left()]
            about = f"{seen}; a run makes {cost.requests:,} request{'' if cost.requests == 1 else 's'}"
            if cost.weight != cost.requests:
                about += f", which count as {cost.weight:,.0f} calls"
            return f"{about}; left are {', '.join(left)}" if left else about

    def extract(
        self, client: Client, interval: DataInterval | None, extraction_id: str | None = None, part: Part | None = None
    ) -> str:
        """Store the API's responses, or one part of them, in bronze and return the extraction's id.

        An extraction that was killed half-way is resumed: the one named, or else the newest of the same interval.
        """
        now = datetime.now(UTC)
        extraction_id = extraction_id or bronze.unfinished(self.lake, self.source, interval, now) or new_id(now)
        endpoints = self.source.endpoints if part is None else _shared(self.source, part)
        with self.step("extract", extraction_id) as step:
            kept = [self._extract_endpoint(client, each, extraction_id, interval, part) for each in endpoints]
            step.counts["records"] = sum(manifest.records for manifest in kept)
            step.counts["bytes"] = sum(manifest.bytes for manifest in kept)
            step.inputs = tuple(Data(self.source.api.base_url, each.name) for each in endpoints)
            step.outputs = tuple(Data(self.lake.url, f"bronze/{each.endpoint}", rows=each.records) for each in kept)
        return extraction_id

    def transform(self, extraction_id: str) -> Transformed:
        """Turn an extraction into silver. Raises: SourceContractError if too many records are rejected."""
        with self.step("transform", extraction_id) as step:
            found = transform.transform(
                self.lake, self.source, extraction_id, self.max_refused_share, self.engine, self.emit
            )
            step.counts.update(records=found.records, refused=found.refused, rows=sum(found.rows.values()))
            step.inputs = tuple(Data(self.lake.url, f"bronze/{each.name}") for each in self.source.endpoints)
            step.outputs = publishing.silver_data(self.lake, self.source, found)
        return found

    def publish(
        self,
        warehouse: Warehouse,
        transformed: Transformed,
        destination: Destination | None = None,
        *,
        attempt: ledger.Attempt | None = None,
        even_if_older: bool = False,
    ) -> Published:
        """Stage, audit and publish a transformed extraction, within `attempt` or as a run of its own.

        It stays unpublished if a later extraction is published there already, unless `even_if_older`.
        """
        destination = destination or PostgresDestination(warehouse)
        if attempt is not None:
            return publishing.publish(self, warehouse, attempt, destination, transformed, even_if_older=even_if_older)
        with self.attempt(warehouse, silver.interval_of(transformed), destination) as own:
            return publishing.publish(self, warehouse, own, destination, transformed, even_if_older=even_if_older)

    @contextmanager
    def attempt(
        self, warehouse: Warehouse, interval: DataInterval | None, destination: Destination
    ) -> Iterator[ledger.Attempt]:
        """Record in the ledger how the block began and how it ended.

        Raises: PlatformError also if readers do not see yet, by another catalogue, what is published.
        """
        attempt = ledger.Attempt(warehouse, new_id(), self.source.name, interval, destination.name)
        self.emit(events.RunStarted(self.source.name, attempt.run_id, interval, destination.name))
        try:
            attempt.start(self.source.origin)
            reconcile(warehouse, self.source, destination, self.lake, self.emit)
            yield attempt
        except Exception as error:
            self.emit(events.RunFailed(self.source.name, attempt.run_id, error))
            if isinstance(error, PlatformError):
                self._record_failure(attempt, error)
            raise
        self.emit(events.RunEnded(self.source.name, attempt.run_id, attempt.status, attempt.outcomes))
        destination.announce(self.source, self.emit)

    @contextmanager
    def step(self, name: str, extraction_id: str | None = None) -> Iterator[StepUnderWay]:
        """A block in which a step runs."""
        begin = time.monotonic()
        self.emit(events.StepStarted(self.source.name, name, extraction_id))
        step = StepUnderWay()
        try:
            yield step
        except Exception as error:
            self.emit(events.StepFailed(self.source.name, name, extraction_id, error))
            raise
        self.seconds[name] = time.monotonic() - begin
        self.emit(
            events.StepEnded(
                self.source.name, name, extraction_id, self.seconds[name], step.counts, step.inputs, step.outputs
            )
        )

    def _record_failure(self, attempt: ledger.Attempt, error: PlatformError) -> None:
        try:
            attempt.fail(error)
        except PlatformError as missed:
            self.emit(events.LedgerMissed(self.source.name, missed))

    def _extract_endpoint(
        self, client: Client, endpoint: Endpoint, extraction_id: str, interval: DataInterval | None, part: Part | None
    ) -> bronze.Manifest:
        source = self.source
        self.emit(events.EndpointStarted(source.name, endpoint.name))
        with bronze.writer(self.lake, endpoint, extraction_id, source.origin, interval, part) as writer:
            for page in self._pages(client, endpoint, interval, writer):
                writer.keep(page)
                self.emit(events.PageKept(source.name, endpoint.name, len(page.body), page.records))
        kept = writer.manifest
        self.emit(events.EndpointExtracted(source.name, endpoint.name, len(kept.pages), kept.records, kept.bytes))
        return kept

    def _pages(
        self, client: Client, endpoint: Endpoint, interval: DataInterval | None, writer: bronze.Writer
    ) -> Iterator[Page]:
        """The pages that are not stored yet."""
        if writer.manifest.is_whole:
            return
        match endpoint.pages:
            case Listed(listing, lookup, pages):
                days = {"start": interval and interval.start, "end": interval and interval.end}
                with self.published() as ask:
                    rows = ask(listing, days)
                    with self._calling_api():
                        yield from pages(client, rows, partial(ask, lookup), writer)
            case pages:
                with self._calling_api():
                    yield from pages(client, interval, writer.next_page)

    @contextmanager
    def _calling_api(self) -> Iterator[None]:
        """Report whether the API answers as it should; a failure on our side says nothing about that."""
        try:
            yield
        except BudgetSpentError:
            raise
        except DOWN as error:
            self.emit(events.SourceAnswered(self.source.name, False, isinstance(error, SourceWithdrawnError)))
            raise
        else:
            self.emit(events.SourceAnswered(self.source.name, True))


def _shared(source: Source, part: Part) -> tuple[Endpoint, ...]:
    """The endpoints, each restricted to its share. Raises: UsageError if one cannot be."""
    shared = tuple(endpoint.part(part) for endpoint in source.endpoints if endpoint.part is not None)
    if len(shared) < len(source.endpoints):
        raise UsageError(f"{source.name} cannot be extracted in parts.", hint="Leave out --part.")
    return shared
