"""Metrics, each declared once, here.

Names are those in Prometheus, in base units. Values go to a StatsD exporter, with labels in the InfluxDB style; timers
become histograms there.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from etl.telemetry.delivery import Delivery

SPECIAL = re.compile(r"[,=:|@#\s]")  # they would end a label or the name on the wire
_delivery: Delivery | None = None


class Kind(StrEnum):
    """A metric's type in Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class Metric:
    """A declared metric; each of its values carries all `labels`."""

    name: str
    kind: Kind
    unit: str
    about: str
    labels: tuple[str, ...]

    def send(self, value: float, **labels: str) -> None:
        """Keep one value for the next `flush` if there is an exporter; an undeclared label is a bug."""
        if set(labels) != set(self.labels):
            raise ValueError(f"{self.name} carries the labels {self.labels}, not {tuple(labels)}")
        if _delivery is None:
            return
        tagged = ",".join((self.name, *(f"{key}={SPECIAL.sub('_', labels[key])}" for key in self.labels)))
        match self.kind:
            case Kind.COUNTER:
                _delivery.incr(tagged, value)
            case Kind.GAUGE:
                _delivery.gauge(tagged, value)
            case Kind.HISTOGRAM:
                _delivery.timing(tagged, value * 1000)  # StatsD counts milliseconds; the exporter converts them back


RUNS = Metric(
    "etl_runs_total",
    Kind.COUNTER,
    "runs",
    "Runs that ended, by how: published, unchanged or failed.",
    ("source", "status"),
)
STEP_DURATION = Metric(
    "etl_step_duration_seconds",
    Kind.HISTOGRAM,
    "seconds",
    "Time of one successful step: check, extract, transform, stage, audit or publish.",
    ("source", "step"),
)
ROWS = Metric(
    "etl_rows_total",
    Kind.COUNTER,
    "rows",
    "Rows that left a step: transform, stage, or publish (rows of the tables that changed).",
    ("dataset", "step"),
)
RECEIVED_BYTES = Metric(
    "etl_received_bytes_total",
    Kind.COUNTER,
    "bytes",
    "Bytes of API answers kept in bronze, before compression.",
    ("dataset",),
)
REFUSED = Metric(
    "etl_refused_records_total",
    Kind.COUNTER,
    "records",
    "Records quarantined, by the kind of their first error: pydantic's error type, or broken_page.",
    ("dataset", "reason"),
)
UNKNOWN_FIELDS = Metric(
    "etl_unknown_fields",
    Kind.GAUGE,
    "fields",
    "Fields the API sends that its contract does not list, as of the last transform; 0 if none.",
    ("dataset",),
)
COPY_DURATION = Metric(
    "etl_copy_duration_seconds", Kind.HISTOGRAM, "seconds", "Time of the COPY of a dataset into stage.", ("dataset",)
)
REQUEST_DURATION = Metric(
    "etl_request_duration_seconds",
    Kind.HISTOGRAM,
    "seconds",
    "Time of one answer of an API, by its HTTP status; no_answer if none came, broken if it was truncated or not JSON.",
    ("source", "outcome"),
)
REQUEST_RETRIES = Metric("etl_request_retries_total", Kind.COUNTER, "requests", "Retried requests.", ("source",))
SOURCE_UP = Metric(
    "etl_source_up",
    Kind.GAUGE,
    "1 or 0",
    "1 if the API answered as it should when check or extract last called it, else 0.",
    ("source",),
)
SOURCE_WITHDRAWN = Metric(
    "etl_source_withdrawn",
    Kind.GAUGE,
    "1 or 0",
    "1 if the API was gone when check or extract last called it: 404, 410, or a placeholder instead of data; else 0.",
    ("source",),
)
SOURCE_QUOTA = Metric(
    "etl_source_quota_remaining_ratio",
    Kind.GAUGE,
    "ratio",
    "Share of the API's quota that is left: as reported in X-RateLimit-Limit and -Remaining, or as we count it.",
    ("source",),
)
ERRORS = Metric(
    "etl_errors_total",
    Kind.COUNTER,
    "commands",
    "Commands for a source that ended with an error, by the error's class.",
    ("source", "command", "error"),
)
METRICS = (
    RUNS,
    STEP_DURATION,
    ROWS,
    RECEIVED_BYTES,
    REFUSED,
    UNKNOWN_FIELDS,
    COPY_DURATION,
    REQUEST_DURATION,
    REQUEST_RETRIES,
    SOURCE_UP,
    SOURCE_WITHDRAWN,
    SOURCE_QUOTA,
    ERRORS,
)


def configure_metrics(host: str | None, port: int) -> None:
    """Set the exporter that receives values; with None they go nowhere and cost nothing."""
    global _delivery
    close()
    _delivery = None if host is None else Delivery(host, port)


def flush() -> None:
    """Deliver the values sent so far; to be called after each step and before the end."""
    if _delivery is not None:
        _delivery.flush()


def close() -> None:
    """Deliver what is left, more patiently; values sent later go nowhere."""
    global _delivery
    ended, _delivery = _delivery, None
    if ended is not None:
        ended.close()
