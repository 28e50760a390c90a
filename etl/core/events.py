"""What happens during a run, as values that listeners receive: metrics, log lines, whatever else wants to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Emit: TypeAlias = Callable[[object], None]


def ignore(_event: object) -> None:
    """Listen to nothing."""


@dataclass(frozen=True)
class RequestEnded:
    """One request to an API ended: with an HTTP status, `no_answer`, or `broken` if it was cut or cannot be read."""

    source: str
    outcome: str
    seconds: float


@dataclass(frozen=True)
class RequestRetried:
    """A request is about to be repeated, after `wait_s`; `reason` is the outcome of the attempt before."""

    source: str
    reason: str
    wait_s: float


@dataclass(frozen=True)
class QuotaSeen:
    """The share of an API's quota that is left, from 0 to 1: as its headers say, or as our budget counts it."""

    source: str
    ratio: float


@dataclass(frozen=True)
class BudgetWaited:
    """A request will wait `seconds` for the budget, because of the limit of that name."""

    source: str
    limit: str
    seconds: float
