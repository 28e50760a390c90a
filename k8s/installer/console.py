"""Output for people: a line per step, animated on a terminal, plain elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
REMIND_EVERY_S = 30  # without a terminal, how often a step that is still waiting says so


def say(text: str = "") -> None:
    """One line of result."""
    out.print(escape(text), soft_wrap=True)


def confirmed(question: str, answer: str = "yes") -> bool:
    """Ask at a terminal; without one nobody can answer, so the answer is no."""
    if not sys.stdin.isatty():
        return False
    try:
        return out.input(f"{escape(question)} ").strip().lower() == answer.lower()
    except EOFError:
        return False


class Progress:
    """Steps that run in parallel. Each ends in one line: name, what it did, seconds."""

    def __init__(self) -> None:
        self._begun: dict[str, float] = {}
        self._notes: dict[str, str] = {}
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """On a terminal, show running steps below the finished ones while the block runs."""
        if not out.is_terminal:
            yield
            return
        with Live(console=out, get_renderable=self._running, refresh_per_second=8, transient=True):
            yield

    def begin(self, name: str) -> None:
        with self._lock:
            self._begun[name] = self._said[name] = time.monotonic()

    def note(self, name: str, text: str) -> None:
        """What a running step is waiting for."""
        now = time.monotonic()
        with self._lock:
            self._notes[name] = text
            quiet = out.is_terminal or now - self._said[name] < REMIND_EVERY_S
            if not quiet:
                self._said[name] = now
        if not quiet:
            say(f"  … {name:<22} {text}")

    def interrupted(self) -> None:
        with self._lock:
            names = ", ".join(self._begun)
        say(f"  … ending what has been begun: {names}")

    def end(self, name: str, text: str, *, mark: str = "✓") -> None:
        with self._lock:
            seconds = time.monotonic() - self._begun.pop(name)
            self._notes.pop(name, None)
        say(f"  {mark} {name:<22} {text:<44} {seconds:6.1f} s")

    def _running(self) -> Table:
        table = Table.grid(padding=(0, 1))
        with self._lock:
            for name, begun in self._begun.items():
                seconds = time.monotonic() - begun
                row = f"{name:<22} {escape(self._notes.get(name, '')):<44} {seconds:6.0f} s"
                table.add_row(" ", Spinner("dots", style="dim"), row)
        return table
