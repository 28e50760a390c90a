"""How long the rest of a backfill takes: its steps are played, as long as such steps took for a day of data until now.

What was published before costs nothing, and what was only read costs less than what is still to be read.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from heapq import heapreplace

from etl.pipeline.backfill import Plan, PlannedInterval
from etl.pipeline.steps import Publish, Step, Transform

RECENT = 12  # steps of a kind that count: what is published grows, and the machine may have other work


class Pace:
    """Listens to the steps of a backfill, from any thread."""

    def __init__(self, plan: Plan, parallel: int) -> None:
        self._parallel = parallel
        self._left = {planned.interval: planned for planned in plan.pending}
        self._taken: dict[Step, deque[tuple[float, int]]] = {}
        self._lock = threading.Lock()

    def took(self, planned: PlannedInterval, step: Step, seconds: float) -> None:
        """A step of an interval is done."""
        with self._lock:
            taken = self._taken.setdefault(_kind(step), deque(maxlen=RECENT))
            taken.append((seconds, _days(planned)))
            rest = tuple(each for each in self._left.pop(planned.interval).steps if each != step)
            if rest:
                self._left[planned.interval] = replace(planned, steps=rest)

    def seconds_left(self) -> float | None:
        """Until all is published; None as long as some kind of step has not been taken once.

        As many intervals as may are read at the same time, and each destination publishes them one after another.
        """
        with self._lock:
            pace = {kind: _per_day(taken) for kind, taken in self._taken.items()}
            left = sorted(self._left.values(), key=lambda planned: planned.interval)
        if not pace.keys() >= {_kind(step) for planned in left for step in planned.steps}:
            return None

        def seconds(planned: PlannedInterval, steps: Iterable[Step]) -> float:
            return _days(planned) * sum(pace[_kind(step)] for step in steps)

        readers, published = [0.0] * self._parallel, dict[str, float]()
        for planned in left:
            read = readers[0] + seconds(planned, planned.reading)
            heapreplace(readers, read)
            for step in planned.publishing:
                published[step.into] = max(published.get(step.into, 0.0), read) + seconds(planned, [step])
        return max(published.values(), default=0.0)


def _kind(step: Step) -> Step:
    """The same step of whatever extraction."""
    return replace(step, extraction_id=None) if isinstance(step, Transform | Publish) else step


def _days(planned: PlannedInterval) -> int:
    return (planned.interval.end - planned.interval.start).days


def _per_day(taken: Iterable[tuple[float, int]]) -> float:
    seconds, days = map(sum, zip(*taken, strict=True))
    return seconds / days
