"""Runs the sources of a family one after the other, whatever becomes of each."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from etl import sources
from etl.cli import failures
from etl.cli.console import output
from etl.core.errors import PlatformError, TerminalError
from etl.core.secrets import message_without_secrets
from etl.runtime import Runtime


def run_each(runtime: Runtime, family: str, run_one: Callable[[str], str]) -> None:
    """Run each source that has what it wants; `run_one` returns how that ended, in a word.

    Raises: the worst error of those that failed, after all have run.
    """
    structlog.contextvars.unbind_contextvars("source")  # an error is counted for the member that it is about
    with runtime.server():  # one for all of them
        outcomes, failed = _run_each(runtime, family, run_one)
    output.say(f"\n{family}: {' · '.join(f'{name} {outcome}' for name, outcome in outcomes.items())}")
    if failed:
        raise max(failed, key=_severity)


def _run_each(runtime: Runtime, family: str, run_one: Callable[[str], str]) -> tuple[dict[str, str], list[Exception]]:
    outcomes: dict[str, str] = {}
    failed: list[Exception] = []
    for name in sources.FAMILIES[family]:
        if missing := runtime.source(name).api.auth.missing():
            output.say(f"\n{name} is left out: {missing.message} {missing.hint}")
            outcomes[name] = "left out"
            continue
        output.say(f"\n{name}: {runtime.source(name).about}")
        with structlog.contextvars.bound_contextvars(source=name):
            try:
                outcomes[name] = run_one(name)
            except Exception as error:
                failures.count(error)
                failed.append(error)
                outcomes[name] = "failed"
                output.say(f"{name} failed: {_said(error)}")
    return outcomes, failed


def _said(error: Exception) -> str:
    if isinstance(error, PlatformError):
        return f"{error.message} {error.hint}"
    return message_without_secrets(f"{type(error).__name__}: {error}")


def _severity(error: Exception) -> tuple[int, int]:
    """A bug is worse than what waiting does not help, and that is worse than what it may; then by exit code."""
    if not isinstance(error, PlatformError):
        return 2, 0
    return (1 if isinstance(error, TerminalError) else 0), error.exit_code
