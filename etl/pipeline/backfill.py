"""Past intervals: a plan is a value, and the steps that are printed are the ones that are executed."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import partial

from etl.core.api import Client
from etl.core.errors import UsageError
from etl.core.intervals import DataInterval
from etl.core.outcomes import Published
from etl.core.source import Source
from etl.lake import bronze, silver
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.pipeline.reconciliation import reconcile
from etl.pipeline.steps import Extract, Handover, Publish, Step, Target, Transform


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

    @property
    def reading(self) -> tuple[Step, ...]:
        """The steps that other intervals may take at the same time."""
        return tuple(step for step in self.steps if not isinstance(step, Publish))

    @property
    def publishing(self) -> tuple[Publish, ...]:
        """The others, a step for each destination."""
        return tuple(step for step in self.steps if isinstance(step, Publish))


@dataclass(frozen=True)
class Plan:
    """All intervals of a backfill, oldest first."""

    source: str
    intervals: tuple[PlannedInterval, ...]

    @property
    def pending(self) -> tuple[PlannedInterval, ...]:
        """Those with something to do."""
        return tuple(planned for planned in self.intervals if planned.steps)


OnStep = Callable[[PlannedInterval, Step, float], None]
OnPublished = Callable[[PlannedInterval, Published], None]


def make_plan(
    pipeline: Pipeline,
    targets: Sequence[Target],
    whole: DataInterval,
    every: Every,
    *,
    again: bool = False,
) -> Plan:
    """Split `whole` into intervals, and look up in ledger and lake what has been done for each, and where.

    What only some of the destinations have is published into the others from the lake, if it is still there.
    """
    source, lake = pipeline.source, pipeline.lake
    intervals = list(_cut(whole, every))
    names = [each.destination.name for each in targets]
    if again:
        steps: tuple[Step, ...] = (Extract(), Transform(), *map(Publish, names))
        return Plan(source.name, tuple(PlannedInterval(interval, "to do again", steps) for interval in intervals))
    for each in targets:
        reconcile(each.warehouse, source, each.destination, lake, pipeline.emit)
    published = {each.destination.name: _published(each, source.name) for each in targets}
    lacking = {each: [name for name in names if (each.start, each.end) not in published[name]] for each in intervals}
    transformed, extracted = _in_the_lake(lake, source) if any(lacking.values()) else ({}, {})

    def plan_one(interval: DataInterval) -> PlannedInterval:
        days, into = bronze.days(interval), lacking[interval]
        if not into:
            return PlannedInterval(interval, "published", ())
        if days in transformed:
            return PlannedInterval(interval, "transformed", tuple(Publish(name, transformed[days]) for name in into))
        if days in extracted:
            return PlannedInterval(interval, "extracted", (Transform(extracted[days]), *map(Publish, into)))
        return PlannedInterval(interval, "to do", (Extract(), Transform(), *map(Publish, into)))

    return Plan(source.name, tuple(map(plan_one, intervals)))


_ByInterval = dict[tuple[str, str] | None, str]  # extraction ids


def _in_the_lake(lake: Lake, source: Source) -> tuple[_ByInterval, _ByInterval]:
    """The newest extraction of each interval: of those transformed, and of those that are not. Listed side by side."""
    with ThreadPoolExecutor(1) as beside:
        marked = beside.submit(bronze.marks, lake, source)
        publishable = silver.publishable(lake, source)
        but = {each.extraction_id for each in publishable}
        extracted = bronze.newest_by_interval(lake, source, marked.result(), but)
    return {each.interval: each.extraction_id for each in reversed(publishable)}, extracted


def _cut(whole: DataInterval, every: Every) -> Iterator[DataInterval]:
    start = whole.start
    while start < whole.end:
        yield DataInterval(start, min(every.after(start), whole.end))
        start = min(every.after(start), whole.end)


def _published(target: Target, source: str) -> set[tuple[date, date]]:
    about = {"source": source, "destination": target.destination.name}
    rows = target.warehouse.run("ledger/published_intervals", about)
    return {(row["interval_start"], row["interval_end"]) for row in rows}


def execute(
    plan: Plan,
    pipeline: Pipeline,
    client: Client,
    targets: Sequence[Target],
    parallel: int,
    on_published: OnPublished,
    on_step: OnStep = lambda *_: None,
) -> None:
    """Execute the plan: read up to `parallel` intervals at the same time, and publish them one by one, in order.

    Targets do so side by side, each with a session of its own. Once an interval could not be read, no other one begins,
    and those before it are published; once one could not be published, no other one is. What is under way is finished.
    `on_published` is called after each publication, `on_step` after each step, with its seconds, from any thread.
    """
    by_name = {each.destination.name: each for each in targets}
    course = _Course(on_published, on_step)
    runs = [(each, Handover(pipeline, client, by_name, each.interval)) for each in plan.pending]
    with ThreadPoolExecutor(parallel) as readers, ThreadPoolExecutor(len(by_name)) as publishers:
        reading = [(*each, _with_context(readers, course.read, *each)) for each in runs]
        publishing = [_with_context(publishers, course.publish, reading, name) for name in by_name]
        try:
            wait(publishing)
        except BaseException:
            course.all_ends.set()
            raise
    for each in publishing:
        each.result()


@dataclass(frozen=True)
class _Course:
    """What the threads of a backfill do, and when they stop."""

    on_published: OnPublished
    on_step: OnStep
    reading_ends: threading.Event = field(default_factory=threading.Event)
    all_ends: threading.Event = field(default_factory=threading.Event)

    def read(self, planned: PlannedInterval, run: Handover) -> None:
        """The steps before publishing."""
        if self.reading_ends.is_set() or self.all_ends.is_set():
            return
        try:
            for step in planned.reading:
                self._take(planned, step, run)
        except BaseException:
            self.reading_ends.set()  # here and not by who awaits the result: the next interval begins immediately
            raise

    def publish(self, reading: Iterable[tuple[PlannedInterval, Handover, Future[None]]], into: str) -> None:
        """Everything into one destination, each interval as soon as it has been read."""
        for planned, run, read in reading:
            read.result()
            for step in planned.publishing:
                if self.all_ends.is_set():
                    return
                if step.into == into:
                    self._publish(planned, step, run)

    def _publish(self, planned: PlannedInterval, step: Publish, run: Handover) -> None:
        try:
            self._take(planned, step, run)
            self.on_published(planned, run.published[step.into])
        except BaseException:
            self.all_ends.set()
            raise

    def _take(self, planned: PlannedInterval, step: Step, run: Handover) -> None:
        begin = time.monotonic()
        step.execute(run)
        self.on_step(planned, step, time.monotonic() - begin)


def _with_context(pool: ThreadPoolExecutor, work: Callable[..., None], *about: object) -> Future[None]:
    """Work for a thread of the pool, with the log context of this one."""
    return pool.submit(copy_context().run, partial(work, *about))
