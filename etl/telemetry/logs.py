"""Log lines: JSON in a pod, text on a terminal, always on stderr, with source, step, ids and dataset where known."""

import logging
import sys
from typing import Any

import stamina
import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger("etl")


def configure_logs(*, json: bool, level: int = logging.INFO) -> None:
    """Send log lines to stderr, as JSON or as text for people."""
    renderer: Any = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    stamina.instrumentation.set_on_retry_hooks(())  # etl.sources.http says it better
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
