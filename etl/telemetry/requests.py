"""Requests and budgets as metrics and log lines."""

from __future__ import annotations

from etl.core.events import BudgetWaited, QuotaSeen, RequestEnded, RequestRetried
from etl.telemetry import metrics
from etl.telemetry.logs import log


def listen(event: object) -> None:
    """Send and log what an event says; events about anything else pass by."""
    match event:
        case RequestEnded(source, outcome, seconds):
            metrics.REQUEST_DURATION.send(seconds, source=source, outcome=outcome)
        case RequestRetried(source, reason, wait_s):
            metrics.REQUEST_RETRIES.send(1, source=source)
            log.info("asking again", source=source, reason=reason, waited_s=round(wait_s, 1))
        case QuotaSeen(source, ratio):
            metrics.SOURCE_QUOTA.send(ratio, source=source)
        case BudgetWaited(source, limit, seconds):
            log.info("waiting for the budget", source=source, limit=limit, seconds=round(seconds, 1))
