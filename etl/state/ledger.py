"""The run ledger: what was tried, what came of it, how far each dataset is, what is in quarantine."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any, Protocol

from etl.core.errors import PlatformError
from etl.core.intervals import DataInterval
from etl.core.outcomes import AuditResult, TableOutcome
from etl.core.sink import Sink
from etl.core.tables import Dataset
from etl.postgres.connection import Warehouse


class QuarantinedRecord(Protocol):
    """A refused record and where it came from, as the lake keeps it."""

    @property
    def endpoint(self) -> str: ...
    @property
    def page(self) -> int: ...
    @property
    def position(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def record(self) -> str: ...


def next_start(warehouse: Warehouse, datasets: Iterable[Dataset], sink: Sink) -> date | None:
    """The first day that some of the datasets have not published there; None if one has published nothing."""
    marks = warehouse.run("ledger/watermarks")
    known = {mark["dataset"]: mark["next_start_date"] for mark in marks if mark["sink"] == sink}
    days = [known.get(dataset.name) for dataset in datasets]
    return None if None in days else min(day for day in days if day is not None)


class Attempt:
    """One row of ops.run, from its start to its end."""

    def __init__(
        self, warehouse: Warehouse, run_id: str, source: str, interval: DataInterval | None, sink: Sink
    ) -> None:
        self._warehouse = warehouse
        self.run_id = run_id
        self.source = source
        self.interval = interval
        self.sink = sink
        self.audits: list[AuditResult] = []  # they outlive the transaction in which they ran
        self.status = ""
        self.outcomes: tuple[TableOutcome, ...] = ()

    def start(self, origin: str) -> None:
        """Enter the attempt and hold its lock, so that everyone can see it is alive."""
        self._warehouse.run("ledger/hold_run", {"run_id": self.run_id})
        self._warehouse.run("ledger/abandon_dead_runs")
        self._warehouse.run("ledger/start_run", {"source": self.source, "origin": origin} | self._key())

    def fail(self, error: PlatformError) -> None:
        """Enter why it failed; its transaction is gone by now, what its audits found is kept here."""
        with self._warehouse.transaction():
            self._record_audits(self.audits)
            told = {"exit_code": error.exit_code, "error": str(error).replace("\x00", "")}
            self._warehouse.run("ledger/fail_run", told | self._key())

    def finish(
        self,
        *,
        status: str,
        origin: str,
        extracted_by: str | None,
        outcomes: Iterable[TableOutcome],
        quarantined: Iterable[QuarantinedRecord] = (),
    ) -> None:
        """Enter what was published; called in the publishing transaction, so both are seen or neither."""
        self.status, self.outcomes = status, tuple(outcomes)
        for outcome in self.outcomes:
            told = asdict(outcome)
            self._warehouse.run("ledger/record_dataset", self._key() | told | {"dataset": told.pop("table")})
        self._record_audits(self.audits)
        for record in quarantined:
            fields = ("endpoint", "page", "position", "reason", "record")
            self._warehouse.run("ledger/quarantine", self._key() | {name: getattr(record, name) for name in fields})
        ended = {"status": status, "origin": origin, "extracted_by": extracted_by}
        self._warehouse.run("ledger/finish_run", self._key() | ended)

    def newer_extraction(self, run_id: str) -> str | None:
        """The extraction that is published already though it is younger than `run_id`; ask under the source's lock."""
        told = self._key() | {"source": self.source, "run_id": run_id}
        found: str | None = self._warehouse.run("ledger/newer_extraction", told)[0]["run_id"]
        return found

    def move_watermarks(self, datasets: Iterable[Dataset], end: date | None) -> None:
        """Say that everything before `end` is published, and that earlier refusals of this interval are settled."""
        for dataset in datasets if end is not None else ():
            told = {"dataset": dataset.name, "sink": self.sink, "end": end, "run_id": self.run_id}
            self._warehouse.run("ledger/move_watermark", told)
        self._warehouse.run("ledger/resolve_quarantine", self._key() | {"source": self.source})

    def _record_audits(self, audits: Iterable[AuditResult]) -> None:
        for result in audits:
            sample = json.dumps(result.sample, default=str)
            told = {"audit": result.audit, "offending_rows": result.offending_rows, "sample": sample}
            self._warehouse.run("ledger/record_audit", told | self._key())

    def _key(self) -> dict[str, Any]:
        start, end = (self.interval.start, self.interval.end) if self.interval else (None, None)
        return {"run_id": self.run_id, "sink": self.sink, "start": start, "end": end}
