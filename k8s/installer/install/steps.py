"""Steps and what they need: those that do not need each other run in parallel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from k8s.installer.console import Progress
from k8s.installer.errors import FailedError


class StoppedError(FailedError):
    """Another step failed; this one gave up."""

    def __init__(self) -> None:
        super().__init__("Stopped, because another step failed.", hint="Run `make up` again.")


@dataclass(frozen=True)
class Done:
    """What a step did, in a few words, and its result for the steps that need it."""

    text: str
    result: Any = None


class Running:
    """What a running step sees of the others: the results of those it needs, and whether one has failed."""

    def __init__(self, name: str, results: Mapping[str, Any], progress: Progress, stop: threading.Event) -> None:
        self.name = name
        self.results = results
        self._progress = progress
        self._stop = stop

    def note(self, text: str) -> None:
        self._progress.note(self.name, text)

    def pause(self, seconds: float) -> None:
        """Wait, unless another step has failed. Raises: StoppedError."""
        if self._stop.wait(seconds):
            raise StoppedError


@dataclass(frozen=True)
class Step:
    """A name, the names it needs, and what to do; an action that returns only text has no result to hand on.

    `follows`: as soon as what it needs is done it runs to its end, also after a failure or Ctrl-C elsewhere. It is the
    second half of something whose first half alone would leave the platform broken.
    """

    name: str
    needs: tuple[str, ...]
    action: Callable[[Running], str | Done]
    follows: bool = False


def execute(steps: Sequence[Step], progress: Progress) -> None:
    """Run every step as soon as what it needs is done. After the first error no step starts but those that `follow`.

    Ctrl-C counts as an error: running steps end what they have begun to change. A second one does not wait for them.
    Raises: the error of the step that failed first, or KeyboardInterrupt.
    """
    by_name = {step.name: step for step in steps}
    if unknown := {need for step in steps for need in step.needs} - by_name.keys():
        raise ValueError(f"steps that are not declared: {sorted(unknown)}")
    order = TopologicalSorter({step.name: step.needs for step in steps})
    try:
        order.prepare()
    except CycleError as cycle:
        raise ValueError(f"steps that wait for each other: {cycle.args[1]}") from cycle
    stop = threading.Event()
    results: dict[str, Any] = {}
    running: dict[Future[Any], str] = {}
    first: BaseException | None = None
    with progress.shown(), ThreadPoolExecutor(max_workers=max(len(steps), 1)) as pool:
        try:
            while order.is_active():
                ready = [by_name[name] for name in order.get_ready()]
                for step in ready if first is None else [one for one in ready if one.follows]:
                    needed = {need: results[need] for need in step.needs}
                    look = Running(step.name, needed, progress, threading.Event() if step.follows else stop)
                    running[pool.submit(_one, step, look, progress)] = step.name
                if not running:
                    break
                try:
                    ended = wait(running, return_when=FIRST_COMPLETED).done
                except KeyboardInterrupt as interrupt:
                    if isinstance(first, KeyboardInterrupt):
                        raise
                    first, ended = interrupt, set()
                    stop.set()
                    progress.interrupted()
                for future in ended:
                    name, error = running.pop(future), future.exception()
                    if error is None:
                        results[name] = future.result()
                        order.done(name)
                    elif first is None:
                        first = error
                        stop.set()
        except BaseException:
            stop.set()
            raise
    if first is not None:
        raise first


def _one(step: Step, running: Running, progress: Progress) -> Any:
    progress.begin(step.name)
    try:
        done = step.action(running)
    except StoppedError:
        progress.end(step.name, "stopped", mark="-")
        raise
    except BaseException:
        progress.end(step.name, "failed", mark="✗")
        raise
    done = Done(done) if isinstance(done, str) else done
    progress.end(step.name, done.text)
    return done.result
