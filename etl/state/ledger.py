"""The run ledger: runs and their outcomes, the watermark of each dataset, the quarantine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import pyarrow as pa

from etl.core.errors import ConfigError, PlatformError
from etl.core.intervals import DataInterval
from etl.core.outcomes import AuditResult, Newer, TableOutcome
from etl.core.pages import Quarantined
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.postgres.connection import Warehouse
from etl.postgres.copy import copy_batches

TOLERANCE = timedelta(minutes=5)  # between a machine's clock and the warehouse's
REJECTS_PER_BATCH = 200  # each may have 100 kB
QUARANTINE_FIELDS: list[pa.Field[Any]] = [
    pa.field("run_id", pa.string()),
    pa.field("endpoint", pa.string()),
    pa.field("page", pa.int32()),
    pa.field("position", pa.int32()),
    pa.field("reason", pa.string()),
    pa.field("record", pa.string()),
    pa.field("about", pa.string()),
    pa.field("received_at", pa.timestamp("us", tz="UTC")),
]
QUARANTINE = pa.schema(QUARANTINE_FIELDS)


def next_interval(warehouse: Warehouse, source: Source, destination: str, until: date) -> DataInterval | None:
    """What a run without dates reads: from the first day that is missing there, or that is awaited, to `until`.

    Raises: ConfigError if the source follows tables of which none is published there.
    """
    names = [dataset.name for dataset in source.datasets]
    marks = warehouse.run("ledger/next_start", {"destination": destination})
    known = {mark["dataset"]: mark["next_start_date"] for mark in marks}
    if source.follows:
        until = min(until, _followed(known, source.follows, destination))
    next_start = min(known[name] for name in names) if known.keys() >= set(names) else None
    interval = source.interval(next_start, until)
    published = [mark["first_date"] for mark in marks if mark["dataset"] in names]
    if interval and source.start and source.start < min([interval.start, *published]):
        return DataInterval(source.start, interval.end)
    about = {"datasets": names, "destination": destination, "until": until}
    awaited = warehouse.run("ledger/first_awaited", about)[0]["day"]
    if interval is None or awaited is None or awaited >= interval.start:
        return interval
    return DataInterval(awaited, interval.end)


def _followed(known: Mapping[str, date], tables: Sequence[str], destination: str) -> date:
    """The first day that no table of those has yet: what one lacks, its later days bring."""
    found = [known[table] for table in tables if table in known]
    if not found:
        raise ConfigError(
            f"Neither of {', '.join(tables)} is published in the {destination} yet, and this source depends on one.",
            hint="Run the source of one first, such as `etl run apod`.",
        )
    return max(found)


def _refuse_other_time(server_time: datetime) -> None:
    here = datetime.now(UTC)
    if abs(here - server_time) > TOLERANCE:
        raise ConfigError(
            f"This machine's clock says {here:%Y-%m-%d %H:%M:%S} UTC, "
            f"the warehouse's {server_time:%Y-%m-%d %H:%M:%S} UTC.",
            hint="Set the one that is wrong (`timedatectl` shows whether it is synchronized), then run again.",
        )


class Attempt:
    """One row of ops.run, from its start to its end."""

    def __init__(
        self, warehouse: Warehouse, run_id: str, source: str, interval: DataInterval | None, destination: str
    ) -> None:
        self._warehouse = warehouse
        self.run_id = run_id
        self.source = source
        self.interval = interval
        self.destination = destination
        self.audits: tuple[AuditResult, ...] = ()  # they outlive the transaction in which they ran
        self.status = ""
        self.outcomes: tuple[TableOutcome, ...] = ()

    def start(self, origin: str) -> None:
        """Record the run and hold its lock, so that others can see it is alive.

        Raises: ConfigError if this machine's clock is not the warehouse's: extractions are named after the time.
        """
        self._warehouse.run("ledger/hold_run", {"run_id": self.run_id})
        self._warehouse.run("ledger/abandon_dead_runs")
        about = {"source": self.source, "origin": origin} | self._key()
        _refuse_other_time(self._warehouse.run("ledger/start_run", about)[0]["started_at"])

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A block in which no other run publishes the source there: for a destination of its own transactions, the
        lock of which ends before the ledger says what it has.

        Raises: WarehouseUnavailableError if the other run does not end within the lock timeout.
        """
        about = {"source": self.source, "destination": self.destination}
        self._warehouse.run("ledger/hold_destination", about)
        try:
            yield
        finally:
            with suppress(PlatformError):  # it went with the session
                self._warehouse.run("ledger/release_destination", about)

    def fail(self, error: PlatformError) -> None:
        """Record why it failed; its transaction has been rolled back, but the audits' findings are kept here."""
        with self._warehouse.transaction():
            self._record_audits()
            failure = {"exit_code": error.exit_code, "error": str(error).replace("\x00", "")}
            self._warehouse.run("ledger/fail_run", failure | self._key())

    def finish(
        self,
        *,
        status: str,
        origin: str,
        extraction_id: str | None,
        outcomes: Iterable[TableOutcome],
        quarantined: Iterable[Quarantined] = (),
    ) -> None:
        """Record what was published; called in the publishing transaction, so that readers see both or neither."""
        self.status, self.outcomes = status, tuple(outcomes)
        for outcome in self.outcomes:
            fields = asdict(outcome)
            dataset = fields.pop("table")
            self._warehouse.run("ledger/record_dataset", self._key() | fields | {"dataset": dataset})
        self._record_audits()
        copy_batches(self._warehouse, "ops", "quarantine", QUARANTINE, self._refused(quarantined))
        ended = {"status": status, "origin": origin, "extraction_id": extraction_id}
        self._warehouse.run("ledger/finish_run", self._key() | ended)

    def newer_extraction(self, extraction_id: str, *, of_any_days: bool = False) -> Newer | None:
        """A newer extraction of the same days that is published already; to be called under the source's lock.

        Raises: ConfigError if this one's name says that it is still to come.
        """
        about = {"source": self.source, "extraction_id": extraction_id, "tolerance": TOLERANCE}
        days = _bounds(None) if of_any_days else {}
        [found] = self._warehouse.run("ledger/newer_extraction", self._key() | days | about)
        if found["is_from_the_future"]:
            raise ConfigError(
                f"Extraction {extraction_id} is from the future: "
                f"by the warehouse's clock it is {found['server_time']:%Y-%m-%d %H:%M:%S} UTC.",
                hint="Set the clock of the machine that named it, then extract again; "
                "or publish another one with --extraction, or this one with --even-if-older.",
            )
        return Newer(found["extraction_id"], found["published_at"]) if found["extraction_id"] else None

    def days_left(self, extraction_id: str, newer: Newer) -> list[DataInterval]:
        """The days of this interval that no newer extraction, up to `newer`, has published; none of a whole state."""
        about = {"source": self.source, "extraction_id": extraction_id, "newest": newer.extraction_id}
        found = self._warehouse.run("ledger/newer_days", self._key() | about)
        if self.interval is None or any(row["interval_start"] is None for row in found):
            return []
        return self.interval.without(DataInterval(row["interval_start"], row["interval_end"]) for row in found)

    def move_watermarks(self, datasets: Iterable[Dataset], end: date | None) -> None:
        """Record that everything before `end` is published."""
        for dataset in datasets if end is not None else ():
            mark = {"dataset": dataset.name, "destination": self.destination, "end": end, "run_id": self.run_id}
            self._warehouse.run("ledger/move_watermark", mark)
            if self.interval is not None and dataset.day is not None:
                self._warehouse.run("ledger/add_published_days", mark | {"start": self.interval.start})

    def resolve_quarantine(self, days: DataInterval | None) -> None:
        """Record that what was rejected earlier of these days, or of everything, has been read again."""
        self._warehouse.run("ledger/resolve_quarantine", self._key() | {"source": self.source} | _bounds(days))

    def await_days(
        self, dataset: Dataset, days: DataInterval, incomplete: Mapping[date, int], *, await_days: int, read_on: date
    ) -> None:
        """Record which of these days have unknown values, each with the number of such rows; the others are settled.

        A day is awaited for `await_days`, unless that was over when it was read.
        """
        about = {"dataset": dataset.name, "await_days": await_days, "read_on": read_on}
        found = {"incomplete": list(incomplete), "unknown_rows": list(incomplete.values())}
        parameters = self._key() | about | found | _bounds(days)
        self._warehouse.run("ledger/settle_awaited", parameters)
        self._warehouse.run("ledger/await_days", parameters)

    def _record_audits(self) -> None:
        for result in self.audits:
            sample = json.dumps(result.sample, default=str)
            fields = {"audit": result.audit, "offending_rows": result.offending_rows, "sample": sample}
            self._warehouse.run("ledger/record_audit", fields | self._key())

    def _refused(self, records: Iterable[Quarantined]) -> Iterator[pa.RecordBatch]:
        left = iter(records)
        while some := [self._row(record) for record in islice(left, REJECTS_PER_BATCH)]:
            yield pa.RecordBatch.from_pylist(some, QUARANTINE)

    def _row(self, record: Quarantined) -> dict[str, Any]:
        page = record.context
        context = {} if page is None else {"about": json.dumps(page.about), "received_at": page.received_at}
        return vars(record) | {"run_id": self.run_id} | context

    def _key(self) -> dict[str, Any]:
        return {"run_id": self.run_id, "destination": self.destination} | _bounds(self.interval)


def _bounds(days: DataInterval | None) -> dict[str, date | None]:
    return {"start": days.start, "end": days.end} if days else {"start": None, "end": None}
