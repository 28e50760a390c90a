"""A progress bar on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from etl.core import events
from etl.core.events import Event, Listener
from etl.core.source import Source
from etl.pipeline.backfill import OnStep, Plan, PlannedInterval
from etl.pipeline.pace import Pace
from etl.pipeline.steps import Step


def listener(source: Source) -> Listener:
    """Progress bars on a terminal, nothing elsewhere."""
    return Bars(source) if sys.stderr.isatty() else events.ignore


class Bars:
    """Listens to a run and shows a bar per step; extract and transform count endpoints."""

    def __init__(self, source: Source) -> None:
        self._endpoints = {endpoint.name for endpoint in source.endpoints}
        self._seen: set[str] = set()
        self._total = 1
        self._bar: Any = None

    def __call__(self, event: Event) -> None:
        match event:
            case events.StepStarted(_, step):
                self._start(step)
            case events.PageKept(_, endpoint) | events.PagesParsed(_, endpoint):
                self._seen.add(endpoint)
                self._update(len(self._seen), endpoint)
            case events.StepEnded():
                self._update(self._total, "")
                self._stop()
            case events.StepFailed():
                self._stop()

    def _start(self, step: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(30),
            TimeElapsedColumn(),
            TextColumn("{task.fields[what]}"),
        )
        self._seen = set()
        self._total = len(self._endpoints) if step in ("extract", "transform") else 1
        self._bar = Progress(*columns, console=Console(stderr=True, highlight=False, emoji=False))
        self._bar.add_task(step, total=self._total, what="")
        self._bar.start()

    def _update(self, completed: int, what: str) -> None:
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=completed, what=what)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


@contextmanager
def of_backfill(plan: Plan, parallel: int) -> Iterator[OnStep]:
    """A bar of the plan's intervals and the time left, on a terminal; listens to the steps."""
    if not (sys.stderr.isatty() and plan.pending):
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    pace, left = Pace(plan, parallel), Countdown()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    console = Console(stderr=True, highlight=False, emoji=False)
    # Else what goes to stdout, perhaps a file, would come out beside the bar.
    with Progress(*columns, console=console, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task("intervals", total=len(plan.pending), left=left)

        def on_step(planned: PlannedInterval, step: Step, seconds: float) -> None:
            pace.took(planned, step, seconds)
            left.set(pace.seconds_left())
            bar.advance(task, step == planned.steps[-1])

        yield on_step


class Countdown:
    """The time left, as it is whenever it is shown; empty while nobody knows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end: float | None = None

    def set(self, seconds: float | None) -> None:
        self._end = None if seconds is None else self._clock() + seconds

    def __str__(self) -> str:
        if self._end is None:
            return ""
        return f"about {duration(max(self._end - self._clock(), 0))} left"


def duration(seconds: float) -> str:
    """For people: 40 s, 12 min, 3 h 20 min."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
