"""Steps and what they need: those that need nothing of each other run side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from etl.core.errors import PlatformError
from k8s.platform.console import Progress


class StoppedError(PlatformError):
    """Another step failed; this one gave up."""

    def __init__(self) -> None:
        super().__init__("Stopped, as another step failed.", hint="Run `make up` again.")


class Running:
    """What a running step may say and ask."""

    def __init__(self, name: str, progress: Progress, stop: threading.Event) -> None:
        self.name = name
        self._progress = progress
        self._stop = stop

    def note(self, text: str) -> None:
        self._progress.note(self.name, text)

    def pause(self, seconds: float) -> None:
        """Wait, unless somebody else failed meanwhile. Raises: StoppedError."""
        if self._stop.wait(seconds):
            raise StoppedError


@dataclass(frozen=True)
class Step:
    """A name, the names it needs, and what to do; `action` returns what it did, in a few words."""

    name: str
    needs: tuple[str, ...]
    action: Callable[[Running], str]


def carry_out(steps: Sequence[Step], progress: Progress) -> None:
    """Run every step as soon as what it needs is done. The first error ends all; others get the chance to stop.

    Raises: the error of the step that failed first.
    """
    stop = threading.Event()
    waiting = {step.name: step for step in steps}
    unknown = {need for step in steps for need in step.needs} - waiting.keys()
    if unknown:
        raise ValueError(f"steps that nobody declared: {sorted(unknown)}")
    done: set[str] = set()
    running: dict[Future[None], str] = {}
    first: BaseException | None = None
    with progress.shown(), ThreadPoolExecutor(max_workers=max(len(steps), 1)) as pool:
        try:
            while waiting or running:
                ready = [] if first else [step for step in waiting.values() if done.issuperset(step.needs)]
                for step in ready:
                    del waiting[step.name]
                    running[pool.submit(_one, step, progress, stop)] = step.name
                if not running:
                    if waiting and first is None:
                        raise ValueError(f"steps that wait for each other: {sorted(waiting)}")
                    break
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    name = running.pop(future)
                    error = future.exception()
                    if error is None:
                        done.add(name)
                    elif first is None:
                        first = error
                        stop.set()
        except BaseException:
            stop.set()
            raise
    if first is not None:
        raise first


def _one(step: Step, progress: Progress, stop: threading.Event) -> None:
    progress.begin(step.name)
    try:
        what = step.action(Running(step.name, progress, stop))
    except StoppedError:
        progress.end(step.name, "stopped", mark="-")
        raise
    except BaseException:
        progress.end(step.name, "failed", mark="✗")
        raise
    progress.end(step.name, what)
