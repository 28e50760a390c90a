"""Queries of the dashboard `etl-datasets`."""

from __future__ import annotations

from monitoring.dashboards.limits import LIMITS
from monitoring.dashboards.promql import RANGE, happened, mean, or_zero, quantile, selector

SOURCE = 'source=~"$source"'
DATASET = 'dataset=~"$dataset"'
BOTH = f"{SOURCE}, {DATASET}"
STAGED = f'{DATASET}, step="stage"'
SOURCES = "label_values(etl_source_schedule_seconds, source)"
DATASETS = f"label_values(etl_dataset_rows{{{SOURCE}}}, dataset)"


def schedule(where: str = "") -> str:
    """The interval each source should run at, in seconds."""
    return f"max by (source) ({selector('etl_source_schedule_seconds', where)})"


def overdue(where: str = "") -> str:
    """By how much each source's last success is older than its schedule, in seconds; negative: it is on time."""
    return f"{selector('source:etl_last_success_age_seconds:max', where)} - on (source) {schedule()}"


def last_success(where: str = "") -> str:
    """When each source last succeeded, in milliseconds, as Grafana wants times."""
    return f"max by (source) ({selector('etl_source_last_success_timestamp_seconds', where)}) * 1000"


def last_run_failed(where: str = "") -> str:
    """1 for each source whose latest finished attempt failed, else 0."""
    return f"max by (source) ({selector('etl_source_last_run_failed', where)})"


def _ledger(metric: str) -> str:
    """A ledger metric of each dataset; a restarted exporter adds no second series."""
    return f"max by (source, dataset) ({metric}{{{BOTH}}})"


STALE_SOURCES = f"sum({overdue()} > bool {LIMITS['EtlDatasetStale']:g})"
LONGEST_OVERDUE = f"clamp_min(max({overdue(SOURCE)}), 0)"
FAILED_SOURCES = f"sum({last_run_failed(SOURCE)})"
AUDIT_OFFENDING_ROWS = f"max by (source, audit) (etl_audit_offending_rows{{{SOURCE}}})"
FAILED_AUDITS = f"sum({AUDIT_OFFENDING_ROWS} > bool 0)"
LARGEST_REFUSED_SHARE = f"max(etl_quarantine_last_run_ratio{{{BOTH}}})"
UNKNOWN_FIELDS_BY_DATASET = f"max by (dataset) (etl_unknown_fields{{{DATASET}}})"
UNKNOWN_FIELDS = f"sum({UNKNOWN_FIELDS_BY_DATASET})"
API_UP = f"max by (source) (etl_source_up{{{SOURCE}}})"

ROWS = _ledger("etl_dataset_rows")
USUAL_ROWS = _ledger("etl_dataset_usual_rows")
ROWS_CHANGE = f"abs(dataset:etl_rows_change:ratio{{{BOTH}}})"
PUBLISHED_AT = _ledger("etl_dataset_last_success_timestamp_seconds") + " * 1000"
WATERMARK = _ledger("etl_dataset_watermark_timestamp_seconds") + " * 1000"
IN_QUARANTINE = _ledger("etl_quarantine_open_records")
REFUSED_SHARE = _ledger("etl_quarantine_last_run_ratio")

LAST_SUCCESS_AGE = f"source:etl_last_success_age_seconds:max{{{SOURCE}}}"
STALE_FROM = f"{schedule(SOURCE)} + {LIMITS['EtlDatasetStale']:g}"
RUNS_ENDED = happened("etl_runs_total", "source, status", SOURCE)

RECORDS_REFUSED = happened("etl_refused_records_total", "dataset, reason", DATASET)

STEP_DURATION = mean("etl_step_duration_seconds", "source, step", SOURCE)
COPY_SPEED = (
    f"{happened('etl_rows_total', 'dataset', STAGED)}"
    f" / ({happened('etl_copy_duration_seconds_sum', 'dataset', DATASET)} > 0)"
)
ROWS_BY_STEP = happened("etl_rows_total", "step", DATASET)
BYTES_RECEIVED = happened("etl_received_bytes_total", "dataset", DATASET)

RETRIES = or_zero(happened("etl_request_retries_total", "source", SOURCE, RANGE))
QUOTA_LEFT = f"min by (source) (etl_source_quota_remaining_ratio{{{SOURCE}}})"
REQUEST_DURATION_MEDIAN = quantile(0.5, "etl_request_duration_seconds", "source", SOURCE)
REQUEST_DURATION_95 = quantile(0.95, "etl_request_duration_seconds", "source", SOURCE)
REQUESTS_BY_OUTCOME = happened("etl_request_duration_seconds_count", "source, outcome", SOURCE)
