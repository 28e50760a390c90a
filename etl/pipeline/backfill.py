"""Past intervals: a plan is a value, and the steps that are printed are the ones that are executed."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from etl.core.api import Client
from etl.core.errors import UsageError
from etl.core.intervals import DataInterval
from etl.core.outcomes import Published
from etl.core.source import Source
from etl.destinations.postgres.publication import PostgresDestination
from etl.lake import bronze, silver
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.pipeline.steps import Extract, Handover, Publish, Step, Transform, required
from etl.postgres.connection import Warehouse

ALL_STEPS: tuple[Step, ...] = (Extract(), Transform(), Publish())  # `backfill` checks nothing first


class Unit(StrEnum):
    """The unit of an interval's length."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True)
class Every:
    """The length of an interval, such as 1month."""

    count: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Every:
        found = re.fullmatch(r"([1-9]\d{0,3})\s*(day|week|month|year)s?", text.strip().lower())
        if not found:
            raise UsageError(f"'{text}' is not a valid interval length.", hint="Write it like 7day, 1month or 1year.")
        return cls(int(found[1]), Unit(found[2]))

    def after(self, day: date) -> date:
        """The end, exclusive, of an interval that starts on `day`; months and years end with the calendar's."""
        try:
            return self._after(day)
        except (ValueError, OverflowError):  # beyond the year 9999
            return date.max

    def _after(self, day: date) -> date:
        match self.unit:
            case Unit.DAY:
                return day + timedelta(days=self.count)
            case Unit.WEEK:
                return day + timedelta(weeks=self.count)
            case Unit.MONTH:
                months = day.year * 12 + day.month - 1 + self.count
                return date(months // 12, months % 12 + 1, 1)
            case Unit.YEAR:
                return date(day.year + self.count, 1, 1)


@dataclass(frozen=True)
class PlannedInterval:
    """One interval of a plan: what has been done already, and which steps remain."""

    interval: DataInterval
    state: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Plan:
    """All intervals of a backfill, oldest first."""

    source: str
    intervals: tuple[PlannedInterval, ...]

    @property
    def pending(self) -> int:
        return sum(bool(planned.steps) for planned in self.intervals)


def make_plan(
    warehouse: Warehouse, lake: Lake, source: Source, whole: DataInterval, every: Every, *, again: bool = False
) -> Plan:
    """Split `whole` into intervals, and look up in ledger and lake what has been done for each."""
    intervals = list(_cut(whole, every))
    if again:
        return Plan(source.name, tuple(PlannedInterval(interval, "to do again", ALL_STEPS) for interval in intervals))
    rows = warehouse.run("ledger/published_intervals", {"source": source.name})
    published = {(row["interval_start"], row["interval_end"]) for row in rows}
    publishable = silver.publishable(lake, source)
    transformed = {each.interval: each for each in reversed(publishable)}
    extracted = bronze.newest_by_interval(lake, source, but={each.extraction_id for each in publishable})

    def plan_one(interval: DataInterval) -> PlannedInterval:
        days = bronze.days(interval)
        if (interval.start, interval.end) in published:
            return PlannedInterval(interval, "published", ())
        if days in transformed:
            return PlannedInterval(interval, "transformed", (Publish(transformed[days].extraction_id),))
        if days in extracted:
            return PlannedInterval(interval, "extracted", (Transform(extracted[days]), Publish()))
        return PlannedInterval(interval, "to do", ALL_STEPS)

    return Plan(source.name, tuple(map(plan_one, intervals)))


def _cut(whole: DataInterval, every: Every) -> Iterator[DataInterval]:
    start = whole.start
    while start < whole.end:
        yield DataInterval(start, min(every.after(start), whole.end))
        start = min(every.after(start), whole.end)


def execute(
    plan: Plan,
    pipeline: Pipeline,
    client: Client,
    warehouse: Warehouse,
    parallel: int,
    on_published: Callable[[PlannedInterval, Published], None],
) -> None:
    """Execute the plan: read up to `parallel` intervals at the same time, publish them one by one, in order.

    After the first failure no other interval begins; those that are being read are read to their ends and kept.
    """
    destination = PostgresDestination(warehouse)
    pending = [planned for planned in plan.intervals if planned.steps]
    runs = [Handover(pipeline, client, warehouse, destination, planned.interval) for planned in pending]
    failed = threading.Event()
    with ThreadPoolExecutor(parallel) as readers:
        reading = [
            readers.submit(copy_context().run, _read, planned, run, failed)
            for planned, run in zip(pending, runs, strict=True)
        ]
        try:
            for planned, run, read in zip(pending, runs, reading, strict=True):
                read.result()
                for step in planned.steps:
                    if isinstance(step, Publish):
                        step.execute(run)
                on_published(planned, required(run.published))
        except BaseException:
            failed.set()
            raise


def _read(planned: PlannedInterval, run: Handover, failed: threading.Event) -> None:
    """The steps before publishing, in a thread of their own with the log context of the thread that started it."""
    if failed.is_set():
        return
    try:
        for step in planned.steps:
            if not isinstance(step, Publish):
                step.execute(run)
    except BaseException:
        failed.set()  # here and not by who awaits the result: the next interval begins immediately
        raise
