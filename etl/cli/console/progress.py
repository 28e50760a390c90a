"""A progress bar on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from etl.core.source import Source
from etl.pipeline.pipeline import Nobody


def observer(source: Source) -> Bars | Nobody:
    """Progress bars on a terminal, nobody elsewhere."""
    return Bars(source) if sys.stderr.isatty() else Nobody()


class Bars:
    """A bar per step; extract and transform count endpoints."""

    def __init__(self, source: Source) -> None:
        self._endpoints = {endpoint.name for endpoint in source.endpoints}

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(30),
            TimeElapsedColumn(),
            TextColumn("{task.fields[what]}"),
        )
        with Progress(*columns, console=Console(stderr=True, highlight=False, emoji=False)) as bar:
            total = len(self._endpoints) if name in ("extract", "transform") else 1
            task = bar.add_task(name, total=total, what="")
            seen: set[str] = set()

            def done(what: str) -> None:
                seen.add(what)
                bar.update(task, completed=len(seen), what=what)

            yield done
            bar.update(task, completed=total, what="")
