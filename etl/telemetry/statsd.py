"""Turns events into metrics."""

from __future__ import annotations

from etl.core import events
from etl.core.events import Event
from etl.telemetry import metrics


def listen(event: Event) -> None:
    """Send the values of an event; at the end of a step or a run, deliver them."""
    match event:
        case events.StepEnded() | events.StepFailed() | events.RunEnded() | events.RunFailed():
            _end(event)
            metrics.flush()
        case events.RequestEnded() | events.RequestRetried() | events.QuotaSeen() | events.SourceAnswered():
            _request(event)
        case _:
            _data(event)


def _end(event: Event) -> None:
    match event:
        case events.StepEnded(source, step, _, seconds):
            metrics.STEP_DURATION.send(seconds, source=source, step=step)
        case events.RunEnded(source, _, status, tables):
            for table in tables:
                if table.is_changed:
                    metrics.ROWS.send(table.rows_published, dataset=table.table, step="publish")
            metrics.RUNS.send(1, source=source, status=status)
        case events.RunFailed(source):
            metrics.RUNS.send(1, source=source, status="failed")


def _request(event: Event) -> None:
    match event:
        case events.SourceAnswered(source, is_up, is_withdrawn):
            metrics.SOURCE_UP.send(int(is_up), source=source)
            metrics.SOURCE_WITHDRAWN.send(int(is_withdrawn), source=source)
        case events.RequestEnded(source, outcome, seconds):
            metrics.REQUEST_DURATION.send(seconds, source=source, outcome=outcome)
        case events.RequestRetried(source):
            metrics.REQUEST_RETRIES.send(1, source=source)
        case events.QuotaSeen(source, ratio):
            metrics.SOURCE_QUOTA.send(ratio, source=source)


def _data(event: Event) -> None:
    match event:
        case events.PageKept(_, endpoint, size, _):
            metrics.RECEIVED_BYTES.send(size, dataset=endpoint)
        case events.RowsTransformed(_, dataset, rows):
            metrics.ROWS.send(rows, dataset=dataset, step="transform")
        case events.RowsRefused(_, endpoint, counts):
            for kind, count in counts.items():
                metrics.REFUSED.send(count, dataset=endpoint, reason=kind)
        case events.FieldsSeen(_, endpoint, unknown):
            metrics.UNKNOWN_FIELDS.send(len(unknown), dataset=endpoint)
        case events.RowsStaged(_, dataset, rows, seconds):
            metrics.COPY_DURATION.send(seconds, dataset=dataset)
            metrics.ROWS.send(rows, dataset=dataset, step="stage")
