"""A progress bar on stderr."""

from __future__ import annotations

import sys
from typing import Any

from etl.core import events
from etl.core.events import Event, Listener
from etl.core.source import Source


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
