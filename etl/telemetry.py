"""Log lines and metric names.

Log lines are structlog's: JSON in a pod, text on a terminal, always on stderr, each with run id, source and step.
Metrics are declared once, here, in base units, and sent as StatsD with labels in the InfluxDB style.
"""

import logging
import re
import socket
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import stamina
import structlog

SPECIAL = re.compile(r"[,=:|@#\s]")  # they would end a label or the name on the wire
log: structlog.stdlib.BoundLogger = structlog.get_logger("etl")
_statsd: Any = None


class Kind(StrEnum):
    """What StatsD makes of a value."""

    COUNTER = "counter"
    GAUGE = "gauge"
    TIMER = "timer"


@dataclass(frozen=True)
class Metric:
    """A declared metric; `labels` are the only ones it may carry."""

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()

    def send(self, value: float, **labels: str) -> None:
        """Send one value if a StatsD host is set; an undeclared label is a bug."""
        if set(labels) != set(self.labels):
            raise ValueError(f"{self.name} carries the labels {self.labels}, not {tuple(labels)}")
        if _statsd is None:
            return
        tagged = ",".join((self.name, *(f"{key}={SPECIAL.sub('_', text)}" for key, text in labels.items())))
        if self.kind is Kind.COUNTER:
            _statsd.incr(tagged, value)
        elif self.kind is Kind.GAUGE:
            _statsd.gauge(tagged, value)
        else:
            _statsd.timing(tagged, value * 1000)  # StatsD counts milliseconds; the exporter turns them back


STEP_DURATION = Metric("etl_step_duration_seconds", Kind.TIMER, "Time of one step of a run.", ("source", "step"))
ROWS = Metric("etl_rows", Kind.COUNTER, "Rows that left a step.", ("dataset", "step"))
BYTES = Metric("etl_received_bytes", Kind.COUNTER, "Bytes of API answers kept in bronze.", ("endpoint",))
REFUSED = Metric("etl_refused_records", Kind.COUNTER, "Records quarantined.", ("endpoint",))
REQUEST_DURATION = Metric("etl_request_duration_seconds", Kind.TIMER, "Time of one answer of an API.", ("host",))
REQUEST_RETRIES = Metric("etl_request_retries", Kind.COUNTER, "Requests that were tried again.", ("host",))
RUNS = Metric("etl_runs", Kind.COUNTER, "Runs that ended.", ("source", "status"))
METRICS = (STEP_DURATION, ROWS, BYTES, REFUSED, REQUEST_DURATION, REQUEST_RETRIES, RUNS)


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


def configure_metrics(host: str | None, port: int) -> None:
    """Open the StatsD socket. UDP: each value leaves at once, so nothing waits for a flush at exit."""
    global _statsd
    if _statsd is not None:
        _statsd.close()
        _statsd = None
    if host is None:
        return
    import statsd

    try:
        _statsd = statsd.StatsClient(host, port)
    except socket.gaierror as error:  # a run without metrics is better than none
        log.warning("no metrics are sent: ETL_STATSD__HOST is not known", host=host, error=error.strerror)
