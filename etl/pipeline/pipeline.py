"""check → extract → transform → stage → audit → publish: the one place where a source meets lake and warehouse."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol

import structlog

from etl.core.api import Client
from etl.core.errors import (
    AccessError,
    BudgetSpentError,
    ConfigError,
    PlatformError,
    SourceContractError,
    SourceUnavailableError,
    SourceWithdrawnError,
    UsageError,
)
from etl.core.ids import new_run_id
from etl.core.intervals import DataInterval
from etl.core.outcomes import TableOutcome
from etl.core.pages import Asked, Page, Parsed
from etl.core.sink import Sink
from etl.core.source import Endpoint, Part, Source
from etl.core.tables import Dataset
from etl.destinations import lake as gold
from etl.destinations.postgres.publication import Publication, Rows, publication
from etl.engines.base import Engine
from etl.lake import bronze, layout, silver
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from etl.pipeline import transform
from etl.postgres.connection import Warehouse
from etl.sql.statements import statement
from etl.state import ledger
from etl.telemetry import metrics
from etl.telemetry.logs import log

STEPS = ("check", "extract", "transform", "stage", "audit", "publish")
DOWN = (SourceUnavailableError, SourceWithdrawnError, SourceContractError, AccessError)


class Observer(Protocol):
    """Someone who watches a run: a progress bar, or nobody."""

    def step(self, name: str) -> AbstractContextManager[Callable[[str], None]]:
        """A block in which a step runs; what it yields is told of each thing done."""
        ...


class Nobody:
    """Watches nothing."""

    @contextmanager
    def step(self, _name: str) -> Iterator[Callable[[str], None]]:
        yield lambda _what: None


@dataclass(frozen=True)
class Step:
    """A step under way: `done` tells its observer of each thing done, `numbers` stand in its last log line."""

    done: Callable[[str], None]
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """What a run did to its sink."""

    sink: Sink
    status: str
    tables: tuple[TableOutcome, ...]

    @property
    def rows_published(self) -> int:
        """Rows of the silver and gold tables that changed."""
        return sum(table.rows_published for table in self.tables if table.is_changed)


@dataclass(frozen=True)
class Summary:
    """What a whole run did; `seconds` by step."""

    run_id: str
    source: str
    interval: DataInterval | None
    transformed: Transformed
    published: Published
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class Pipeline:
    """One source, one lake, one engine and, for what needs it, one warehouse."""

    source: Source
    lake: Lake
    max_refused_share: float
    engine: Engine
    observer: Observer = field(default_factory=Nobody)
    seconds: dict[str, float] = field(default_factory=dict)

    def run(
        self, client: Client, warehouse: Warehouse, interval: DataInterval | None, sink: Sink = Sink.WAREHOUSE
    ) -> Summary:
        """All steps, entered in the warehouse's ledger from the start, whatever the sink.

        Raises: any PlatformError, after entering it, too.
        """
        with self.attempt(warehouse, interval, sink) as attempt:
            self.check(client, interval)
            run_id = self.extract(client, interval)
            transformed = self.transform(run_id)
            published = self._publish(warehouse, attempt, transformed)
        return Summary(attempt.run_id, self.source.name, interval, transformed, published, dict(self.seconds))

    def check(self, client: Client, interval: DataInterval | None) -> str:
        """See in one small request whether a run can work, and say what was seen and what the run will ask."""
        with self._step("check"):
            with self._asking():
                seen = self.source.probe(client)
            if self.source.cost is None:
                return seen
            cost = self.source.cost(interval)
            left = [f"{calls:,.0f} of {limit.calls:,.0f} per {limit.name}" for limit, calls in client.left()]
            told = f"{seen}; a run asks {cost.requests:,} times, which counts as {cost.weight:,.0f} calls"
            return f"{told}; left are {', '.join(left)}" if left else told

    def extract(
        self, client: Client, interval: DataInterval | None, run_id: str | None = None, part: Part | None = None
    ) -> str:
        """Keep the API's answers, or one part of them, in bronze and return the run's id.

        A run that was killed half-way is gone on with: the one named, else the newest for the same interval.
        """
        now = datetime.now(UTC)
        run_id = run_id or bronze.unfinished(self.lake, self.source, interval, now) or new_run_id(now)
        endpoints = self.source.endpoints if part is None else _shared(self.source, part)
        with self._step("extract", run_id=run_id) as step:
            kept = [self._extract_endpoint(client, each, run_id, interval, part, step) for each in endpoints]
            step.numbers["records"] = sum(manifest.records for manifest in kept)
            step.numbers["bytes"] = sum(manifest.bytes for manifest in kept)
        return run_id

    def transform(self, run_id: str) -> Transformed:
        """Turn a run's bronze into silver. Raises: SourceContractError if too much of it is refused."""
        with self._step("transform", run_id=run_id) as step:
            found = transform.transform(
                self.lake,
                self.source,
                run_id,
                self.max_refused_share,
                self.engine,
                {dataset.name: statement(f"silver/{dataset.name}") for dataset in self.source.derived},
                lambda endpoint, _pages: step.done(endpoint),
            )
            step.numbers.update(records=found.records, refused=found.refused, rows=sum(found.rows.values()))
        return found

    def publish(
        self,
        warehouse: Warehouse,
        transformed: Transformed,
        sink: Sink = Sink.WAREHOUSE,
        *,
        even_if_older: bool = False,
    ) -> Published:
        """Stage, audit and publish a transformed run as an attempt of its own.

        What was extracted earlier than what is published there stays unpublished, unless it is wanted `even_if_older`.
        """
        with self.attempt(warehouse, silver.interval_of(transformed), sink) as attempt:
            return self._publish(warehouse, attempt, transformed, even_if_older=even_if_older)

    def replay(self, warehouse: Warehouse, records: dict[int, tuple[str, bytes]]) -> tuple[Published, dict[int, str]]:
        """Publish quarantined records, mended or now understood, on top of what is published.

        `records`: by quarantine id, the endpoint's name and the record's JSON.
        Returns what was published and, by quarantine id, why a record is still refused.
        Raises: UsageError if another run has read some of them again meanwhile, or if rows are made from more than
        one record, so that a single one cannot be published.
        """
        if self.source.derived:
            raise UsageError(
                f"Rows of {self.source.name} are made together with those of the same day: none is published alone.",
                hint=f"Read the day again: `etl run {self.source.name} --from DAY --to NEXT_DAY`.",
            )
        parsed, still_refused = self._parse_again(records)
        with self.attempt(warehouse, None, Sink.WAREHOUSE) as attempt, publication(warehouse, self.source) as new:
            _refuse_settled(warehouse, self.source, records)
            everything = {dataset.name for dataset in self.source.datasets}
            self._stage_audit(new, lambda dataset: parsed.get(dataset.name, []), everything, attempt)
            published = self._finish(new, attempt, extracted_by=None, origin=self.source.origin)
            replayed = [quarantine_id for quarantine_id in records if quarantine_id not in still_refused]
            warehouse.run("ledger/close_quarantine", {"ids": replayed})
        return published, still_refused

    @contextmanager
    def attempt(self, warehouse: Warehouse, interval: DataInterval | None, sink: Sink) -> Iterator[ledger.Attempt]:
        """An entry in the ledger around whatever is done: how it began and how it ended."""
        attempt = ledger.Attempt(warehouse, new_run_id(), self.source.name, interval, sink)
        with structlog.contextvars.bound_contextvars(run_id=attempt.run_id, source=self.source.name):
            attempt.start(self.source.origin)
            try:
                yield attempt
            except Exception as error:
                metrics.RUNS.send(1, source=self.source.name, status="failed")
                log.info("run ended", status="failed", error=type(error).__name__)
                if isinstance(error, PlatformError):
                    self._enter_failure(attempt, error)
                raise
            else:
                self._tell_outcome(attempt)
            finally:
                metrics.flush()

    def _enter_failure(self, attempt: ledger.Attempt, error: PlatformError) -> None:
        try:
            attempt.fail(error)
        except PlatformError:
            log.warning("the ledger could not be told of the failure", error=str(error))

    def _tell_outcome(self, attempt: ledger.Attempt) -> None:
        """What readers see by now, as the transaction is through."""
        for table in attempt.outcomes:
            if table.is_changed:
                metrics.ROWS.send(table.rows_published, dataset=table.table, step="publish")
                log.info("published", dataset=table.table, rows=table.rows_published)
        metrics.RUNS.send(1, source=self.source.name, status=attempt.status)
        log.info("run ended", status=attempt.status)

    def _extract_endpoint(
        self,
        client: Client,
        endpoint: Endpoint,
        run_id: str,
        interval: DataInterval | None,
        part: Part | None,
        step: Step,
    ) -> bronze.Manifest:
        def ask(first: int) -> Iterator[Page]:
            with self._asking():
                yield from endpoint.pages(client, interval, first)

        def kept(page: Page) -> None:
            metrics.RECEIVED_BYTES.send(len(page.body), dataset=endpoint.name)
            step.done(endpoint.name)

        with structlog.contextvars.bound_contextvars(dataset=endpoint.name):
            manifest = bronze.extract(self.lake, endpoint, run_id, self.source.origin, interval, ask, kept, part)
            log.info("extracted", pages=len(manifest.pages), records=manifest.records, bytes=manifest.bytes)
        return manifest

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Tell whether the API answers as it should; what fails on our side says nothing about it."""
        try:
            yield
        except BudgetSpentError:
            raise
        except DOWN:
            metrics.SOURCE_UP.send(0, source=self.source.name)
            raise
        else:
            metrics.SOURCE_UP.send(1, source=self.source.name)

    def _publish(
        self, warehouse: Warehouse, attempt: ledger.Attempt, transformed: Transformed, *, even_if_older: bool = False
    ) -> Published:
        publish = {Sink.WAREHOUSE: self._publish_into_warehouse, Sink.LAKE: self._publish_into_lake}[attempt.sink]
        return publish(warehouse, attempt, transformed, even_if_older=even_if_older)

    def _publish_into_warehouse(
        self, warehouse: Warehouse, attempt: ledger.Attempt, transformed: Transformed, *, even_if_older: bool
    ) -> Published:
        def rows(dataset: Dataset) -> Iterable[Any]:
            return silver.batches(self.lake, transformed, dataset)

        quarantined = list(silver.quarantined(self.lake, transformed))
        keep = _not_read_whole(self.source, transformed, {record.endpoint for record in quarantined})
        with (
            structlog.contextvars.bound_contextvars(extracted_by=transformed.run_id),
            publication(warehouse, self.source) as new,
        ):
            if not even_if_older and _comes_too_late(attempt, transformed):
                return Published(attempt.sink, "unchanged", ())
            self._stage_audit(new, rows, keep, attempt)
            attempt.move_watermarks(self.source.datasets, _end(transformed))
            return self._finish(
                new, attempt, extracted_by=transformed.run_id, origin=transformed.origin, quarantined=quarantined
            )

    def _publish_into_lake(
        self, warehouse: Warehouse, attempt: ledger.Attempt, transformed: Transformed, *, even_if_older: bool
    ) -> Published:
        """Gold as files, made from all days that the lake has; silver is there already."""
        if not even_if_older and _comes_too_late(attempt, transformed):
            return Published(attempt.sink, "unchanged", ())
        texts = {table.name: statement(f"gold/{table.name}") for table in self.source.gold}
        with self._step("publish") as step:
            made = gold.make(self.lake, self.source, transformed.run_id, self.engine, texts)
            rows = transformed.rows | {name: selected.rows for name, selected in made.items()}
            tables = tuple(TableOutcome(name, count, count, "in the lake", True) for name, count in rows.items())
            with warehouse.transaction():
                attempt.move_watermarks(self.source.datasets, _end(transformed))
                attempt.finish(
                    status="published",
                    outcomes=tables,
                    origin=transformed.origin,
                    extracted_by=transformed.run_id,
                    quarantined=silver.quarantined(self.lake, transformed),
                )
            step.numbers.update(tables=len(tables), rows=sum(rows.values()))
        return Published(attempt.sink, "published", tables)

    def _stage_audit(self, new: Publication, rows: Rows, keep: set[str], attempt: ledger.Attempt) -> None:
        attempt.audits = new.audits
        with self._step("stage") as step:
            step.numbers["rows"] = new.stage(rows, keep)
        with self._step("audit") as step:
            new.audit()
            step.numbers["audits"] = len(new.audits)

    def _finish(self, new: Publication, attempt: ledger.Attempt, **told: Any) -> Published:
        with self._step("publish") as step:
            tables = tuple(new.swap())
            status = "published" if any(table.is_changed for table in tables) else "unchanged"
            attempt.finish(status=status, outcomes=tables, **told)
            published = Published(attempt.sink, status, tables)
            step.numbers.update(tables=sum(table.is_changed for table in tables), rows=published.rows_published)
        return published

    def _parse_again(self, records: dict[int, tuple[str, bytes]]) -> tuple[dict[str, list[Any]], dict[int, str]]:
        endpoints = {endpoint.name: endpoint for endpoint in self.source.endpoints}
        batches: dict[str, list[Any]] = {}
        still_refused: dict[int, str] = {}
        for quarantine_id, (name, record) in records.items():
            parsed: Parsed = endpoints[name].parse(b"[" + record + b"]", Asked({}, datetime.now(UTC)))
            if parsed.refused:
                still_refused[quarantine_id] = parsed.refused[0].reason
            for dataset, batch in parsed.batches.items():
                batches.setdefault(dataset, []).append(batch)
        return batches, still_refused

    @contextmanager
    def _step(self, name: str, **bound: str) -> Iterator[Step]:
        begin = time.monotonic()
        with structlog.contextvars.bound_contextvars(source=self.source.name, step=name, **bound):
            try:
                with self.observer.step(name) as done:
                    step = Step(done)
                    yield step
            except Exception as error:
                log.info("step failed", error=type(error).__name__, reason=str(error))
                raise
            else:
                self.seconds[name] = time.monotonic() - begin
                log.info("step done", seconds=round(self.seconds[name], 3), **step.numbers)
                metrics.STEP_DURATION.send(self.seconds[name], source=self.source.name, step=name)
            finally:
                metrics.flush()


def _comes_too_late(attempt: ledger.Attempt, transformed: Transformed) -> bool:
    """Whether a newer extraction is published already; the attempt has then ended."""
    newer = attempt.newer_extraction(transformed.run_id)
    if not newer:
        return False
    log.warning("a newer extraction is published already", newer=newer)
    attempt.finish(status="unchanged", outcomes=(), origin=transformed.origin, extracted_by=None)
    return True


def _shared(source: Source, part: Part) -> tuple[Endpoint, ...]:
    """The endpoints, each asking for its share only. Raises: UsageError if one cannot."""
    shared = tuple(endpoint.part(part) for endpoint in source.endpoints if endpoint.part is not None)
    if len(shared) < len(source.endpoints):
        raise UsageError(f"{source.name} cannot be extracted in parts.", hint="Leave out --part.")
    return shared


def _not_read_whole(source: Source, transformed: Transformed, refusing: set[str]) -> set[str]:
    """Datasets of which a run has read some rows only: those of its days, or all but those that were refused."""
    endpoints = [
        endpoint
        for endpoint in source.endpoints
        if endpoint.name in refusing or (endpoint.knows_intervals and transformed.interval is not None)
    ]
    derived = source.derived if endpoints else ()
    return {dataset.name for dataset in (*(d for endpoint in endpoints for d in endpoint.datasets), *derived)}


def transformed_run(lake: Lake, source: Source, interval: DataInterval | None, run_id: str | None) -> Transformed:
    """The run to publish: the one named, else the newest of that interval.

    Raises: ConfigError if there is none.
    """
    found = silver.read(lake, source, run_id) if run_id else silver.latest(lake, source, interval)
    if found is None:
        raise _no_such_run("transformed", "transform", lake, source, interval, run_id)
    return found


def extracted_run(lake: Lake, source: Source, interval: DataInterval | None, run_id: str | None) -> str:
    """The run to transform: the one named, else the newest complete one of that interval."""
    found = run_id or bronze.latest(lake, source, interval)
    if found is None or not bronze.is_complete(lake, source, found):
        raise _no_such_run("extracted", "extract", lake, source, interval, run_id)
    return found


def _no_such_run(
    done: str, step: str, lake: Lake, source: Source, interval: DataInterval | None, run_id: str | None
) -> ConfigError:
    about = interval or ("the whole state" if source.serves_everything else "any days")
    which = f"run {run_id}" if run_id else f"run for {about}"
    return ConfigError(
        f"{lake.url} holds no {done} {which} of {source.name}.", hint=f"Run `etl {step} {source.name}` first."
    )


def _refuse_settled(warehouse: Warehouse, source: Source, records: Iterable[int]) -> None:
    """Under the source's lock, so that an old record never replaces what was read since."""
    told = {"source": source.name, "sink": Sink.WAREHOUSE}
    still_open = {row["quarantine_id"] for row in warehouse.run("ledger/open_quarantine", told)}
    if settled := sorted(set(records) - still_open):
        raise UsageError(
            f"Another run has settled record {', '.join(map(str, settled))} meanwhile.",
            hint="See `etl quarantine list`.",
        )


def _end(transformed: Transformed) -> date | None:
    """Up to which day the run knows everything: its interval's end, but never later than the day it was read.

    None for an interval that had not begun by then.
    """
    read_on = layout.creation_date(transformed.run_id)
    interval = silver.interval_of(transformed)
    if interval is None:
        return read_on
    return min(interval.end, read_on) if interval.start < read_on else None
