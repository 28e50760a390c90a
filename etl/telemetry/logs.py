"""Log lines: JSON in a pod, text on a terminal, always on stderr, with source, step, ids and dataset where known."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar, Token
from typing import Any

import structlog

from etl.core import events
from etl.core.events import Event

log: structlog.stdlib.BoundLogger = structlog.get_logger("etl")
_Bound = tuple[tuple[str, Mapping[str, Token[Any]]], ...]  # what began, and what its lines are tagged with
_bound: ContextVar[_Bound] = ContextVar("bound", default=())


def configure_logs(*, json: bool, level: int = logging.INFO) -> None:
    """Send log lines to stderr, as JSON or as text for people."""
    renderer: Any = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks if json else structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def listen(event: Event) -> None:
    """Write the line of an event. Lines between the start and end of a run, step or endpoint are tagged with it."""
    match event:
        case events.RunStarted(source, run_id, _, destination):
            _begin("run", source=source, run_id=run_id, destination=destination)
        case events.RunEnded(_, _, status, tables):
            for table in tables:
                if table.is_changed:
                    log.info("published", dataset=table.table, rows=table.rows_published)
            log.info("run ended", status=status)
            _end("run")
        case events.RunFailed(_, _, error):
            log.info("run ended", status="failed", error=type(error).__name__)
            _end("run")
        case events.StepStarted(source, step, extraction_id):
            _begin("step", source=source, step=step, **({"extraction_id": extraction_id} if extraction_id else {}))
        case events.StepEnded(_, _, _, seconds, counts):
            log.info("step done", seconds=round(seconds, 3), **counts)
            _end("step")
        case events.StepFailed(_, _, _, error):
            log.info("step failed", error=type(error).__name__, reason=str(error))
            _end("step")
        case events.EndpointStarted(_, endpoint):
            _begin("endpoint", dataset=endpoint)
        case events.EndpointExtracted(_, _, pages, records, size):
            log.info("extracted", pages=pages, records=records, bytes=size)
            _end("endpoint")
        case _:
            _write(event)


def _write(event: Event) -> None:
    """The line of an event in the middle of something."""
    match event:
        case events.RowsTransformed(_, dataset, rows):
            log.info("transformed", dataset=dataset, rows=rows)
        case events.RowsRefused(_, endpoint, counts):
            for kind, count in counts.items():
                log.warning("records are refused", dataset=endpoint, reason=kind, records=count)
        case events.FieldsSeen(_, endpoint, unknown) if unknown:
            log.warning(
                "the API sends fields that the contract does not list", dataset=endpoint, fields=sorted(unknown)
            )
        case events.RowsStaged(_, dataset, rows, seconds):
            log.info("staged", dataset=dataset, rows=rows, seconds=round(seconds, 3))
        case events.RequestRetried(source, reason, wait_s):
            log.info("asking again", source=source, reason=reason, waited_s=round(wait_s, 1))
        case events.BudgetWaited(source, limit, seconds):
            log.info("waiting for the budget", source=source, limit=limit, seconds=round(seconds, 1))
        case events.PublishingWaits():
            log.info("another run is publishing; waiting for it")
        case events.NewerIsPublished(_, newer):
            at = newer.published_at.isoformat(timespec="seconds")
            log.warning("a newer extraction is published already", newer=newer.extraction_id, published_at=at)
        case _:
            _write_what_was_put_right(event)


def _write_what_was_put_right(event: Event) -> None:
    """The line of an event about what an earlier run, or somebody else, has left."""
    match event:
        case events.GlueOverwritten(_, table, metadata):
            log.warning("what others had written to a table in Glue is not shown any more", table=table, was=metadata)
        case events.LedgerCompleted(_, run_id):
            log.warning("a run had published and died before the ledger said so", run_id=run_id)
        case events.RunForgotten(_, run_id):
            log.warning("the destination no longer has what a run published", run_id=run_id)
        case events.LedgerMissed(_, error):
            log.warning("the failure could not be entered in the ledger", error=str(error))


def _begin(what: str, **about: str) -> None:
    _bound.set((*_bound.get(), (what, structlog.contextvars.bind_contextvars(**about))))


def _end(what: str) -> None:
    """Lines are no longer tagged with it, nor with anything that began within it."""
    outer = list(_bound.get())
    while outer:
        ended, tokens = outer.pop()
        structlog.contextvars.reset_contextvars(**tokens)
        if ended == what:
            break
    _bound.set(tuple(outer))
