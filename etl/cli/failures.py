"""Counts errors of commands about a source; anyone who maintains the warehouse by hand sees the error anyway."""

from __future__ import annotations


def count(error: Exception) -> None:
    """Count it for the source to which log lines are bound, if any."""
    import structlog  # late, so that `etl --help` stays quick

    from etl.telemetry import metrics

    bound = structlog.contextvars.get_contextvars()
    if "source" in bound:
        metrics.ERRORS.send(1, source=bound["source"], command=bound["command"], error=type(error).__name__)
