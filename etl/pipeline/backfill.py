"""Past intervals: a plan is a value; printing it and carrying it out walk the same list."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from etl.core.api import Client
from etl.core.errors import UsageError
from etl.core.intervals import DataInterval
from etl.core.source import Source
from etl.lake import bronze, silver
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline, Published, transformed_run
from etl.postgres.connection import Warehouse


class Unit(StrEnum):
    """What an interval's length is counted in."""

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
            raise UsageError(f"'{text}' is no length of an interval.", hint="Write it like 7day, 1month or 1year.")
        return cls(int(found[1]), Unit(found[2]))

    def after(self, day: date) -> date:
        """The day on which an interval that begins on `day` ends; months begin on their first."""
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
    """One interval of a plan: what is done already and which steps are left."""

    interval: DataInterval
    state: str
    steps: tuple[str, ...]
    run_id: str | None = None


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
    """Cut `whole` into intervals and see what the ledger and the lake have of each."""
    rows = [] if again else warehouse.run("ledger/published_intervals", {"source": source.name})
    published = {(row["interval_start"], row["interval_end"]) for row in rows}
    planned = []
    start = whole.start
    while start < whole.end:
        interval = DataInterval(start, min(every.after(start), whole.end))
        is_published = (interval.start, interval.end) in published
        planned.append(_plan_one(lake, source, interval, is_published=is_published, again=again))
        start = interval.end
    return Plan(source.name, tuple(planned))


def _plan_one(
    lake: Lake, source: Source, interval: DataInterval, *, is_published: bool, again: bool
) -> PlannedInterval:
    if is_published:
        return PlannedInterval(interval, "published", ())
    everything = ("extract", "transform", "stage", "audit", "publish")
    if again:
        return PlannedInterval(interval, "to do again", everything)
    transformed = silver.latest(lake, source, interval)
    if transformed is not None:
        return PlannedInterval(interval, "transformed", everything[2:], transformed.run_id)
    extracted = bronze.latest(lake, source, interval)
    if extracted is not None:
        return PlannedInterval(interval, "extracted", everything[1:], extracted)
    return PlannedInterval(interval, "to do", everything)


def carry_out(
    plan: Plan,
    pipeline: Pipeline,
    client: Client,
    warehouse: Warehouse,
    parallel: int,
    on_published: Callable[[PlannedInterval, Published], None],
) -> None:
    """Do what the plan says: read up to `parallel` intervals at once, publish them in order, one by one."""
    pending = [planned for planned in plan.intervals if planned.steps]
    with ThreadPoolExecutor(parallel) as readers:
        reading = [readers.submit(_read, planned, pipeline, client) for planned in pending]
        try:
            for planned, transformed in zip(pending, reading, strict=True):
                on_published(planned, pipeline.publish(warehouse, transformed.result()))
        finally:
            for future in reading:
                future.cancel()


def _read(planned: PlannedInterval, pipeline: Pipeline, client: Client) -> Transformed:
    """What comes before the warehouse, as far as it is not done."""
    if "transform" not in planned.steps:
        return transformed_run(pipeline.lake, pipeline.source, planned.interval, planned.run_id)
    return pipeline.transform(planned.run_id or pipeline.extract(client, planned.interval))
