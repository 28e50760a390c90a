"""ETL datasets: are they fresh, complete and correct; how long do steps take; how does the API behave."""

from __future__ import annotations

from grafana_foundation_sdk.builders.table import Panel as TablePanel
from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards.elements import (
    BAD,
    LIMIT_LINE,
    NONE_IS_GOOD,
    OK,
    UP,
    Column,
    Query,
    Thresholds,
    to_dashboard,
)
from monitoring.dashboards.layout import Row, dashboard_of, variable
from monitoring.dashboards.limits import LIMITS
from monitoring.dashboards.panels import events_panel, points_panel, series_panel, stat_panel, states_panel, table_panel
from monitoring.dashboards.queries import etl_datasets as queries

LATE = Thresholds(warn=1, bad=LIMITS["EtlDatasetStale"])
FAILED = {0: ("✓ ok", OK), 1: ("✗ failed", BAD)}


def freshness(title: str, where: str = "", *, span: int = 12, height: int = 8) -> TablePanel:
    """Each source: when it last succeeded, and by how much it is behind its schedule."""
    return table_panel(
        title,
        "Last success compared with the schedule. Overdue: orange if a run is missing, red where the alert fires.",
        {"source": Column("Source", link=to_dashboard("etl-datasets", source="${__value.raw}"))},
        [
            (Column("Last success", "dateTimeFromNow"), queries.last_success(where)),
            (Column("Every", "s"), queries.schedule(where)),
            (
                Column("Overdue", "s", LATE),
                f"clamp_min({queries.overdue(where)}, 0)",
            ),
            (Column("Latest attempt", "short", words=FAILED), queries.last_run_failed(where)),
        ],
        sort="Overdue",
        no_value="no source has a schedule",
        span=span,
        height=height,
        alert="EtlDatasetStale",
    )


def build() -> Dashboard:
    """Dashboard `etl-datasets`."""
    return dashboard_of(
        "etl-datasets",
        "ETL datasets",
        "Whether the published data is fresh, complete and correct, how long steps take, and how the APIs behave.",
        {
            "Is the data good?": _quality(),
            "Is it fresh and complete?": _completeness(),
            "Is it correct?": _soundness(),
            "How long does it take?": _durations(),
            "How does the API behave?": _api(),
        },
        variables=[
            variable("source", "Source", queries.SOURCES),
            variable("dataset", "Dataset", queries.DATASETS),
        ],
        alerts="Etl.*",
    )


def _quality() -> Row:
    return [
        stat_panel(
            "Longest overdue",
            "How far the most overdue source is behind its schedule; red where the alert fires.",
            Query(queries.LONGEST_OVERDUE),
            unit="s",
            thresholds=LATE,
            no_value="no ledger",
            alert="EtlDatasetStale",
        ),
        stat_panel(
            "Last run failed",
            "Sources whose latest finished attempt failed or was killed; what was published before is unchanged.",
            Query(queries.FAILED_SOURCES),
            thresholds=NONE_IS_GOOD,
            no_value="no run yet",
            alert="EtlRunFailed",
        ),
        stat_panel(
            "Failed audits",
            "Audits that found rows that must not exist. A run with a failed audit publishes nothing.",
            Query(queries.FAILED_AUDITS),
            thresholds=NONE_IS_GOOD,
            no_value="no audit yet",
            alert="EtlAuditFailed",
        ),
        stat_panel(
            "Largest share refused",
            "Share of a dataset's records refused in its latest run; red where the alert fires. Too many end a run.",
            Query(queries.LARGEST_REFUSED_SHARE),
            unit="percentunit",
            thresholds=Thresholds(bad=LIMITS["EtlQuarantineShareHigh"]),
            no_value="no run yet",
            alert="EtlQuarantineShareHigh",
        ),
        stat_panel(
            "Unknown fields",
            "Fields the API sends that its contract does not list: the API has changed, so far without harm.",
            Query(queries.UNKNOWN_FIELDS),
            thresholds=Thresholds(warn=1),
            no_value="no run yet",
            alert="EtlSchemaDrift",
        ),
        stat_panel(
            "APIs",
            "Whether the API answered as it should when a run last called it.",
            Query(queries.API_UP, "{{source}}"),
            words=UP,
            no_value="no run yet",
            alert="EtlSourceUnreachable",
        ),
        _published_datasets(),
    ]


def _published_datasets() -> TablePanel:
    return table_panel(
        "What is published?",
        "Each table: its rows now, the median of up to 20 previous runs, and what was refused.",
        {
            "source": Column("Source", width=90),
            "dataset": Column("Dataset", link="/d/etl-datasets?var-dataset=${__value.raw}"),
        },
        [
            (Column("Rows", "short"), queries.ROWS),
            (Column("Usual", "short"), queries.USUAL_ROWS),
            (
                Column(
                    "Change",
                    "percentunit",
                    Thresholds(warn=LIMITS["EtlRowVolumeUnusual"] / 2, bad=LIMITS["EtlRowVolumeUnusual"]),
                ),
                queries.ROWS_CHANGE,
            ),
            (Column("Published", "dateTimeFromNow"), queries.PUBLISHED_AT),
            (Column("Complete until", "dateTimeAsIso"), queries.WATERMARK),
            (Column("In quarantine", "short", Thresholds(warn=1)), queries.IN_QUARANTINE),
            (
                Column("Refused", "percentunit", Thresholds(bad=LIMITS["EtlQuarantineShareHigh"])),
                queries.REFUSED_SHARE,
            ),
        ],
        sort="Dataset",
        descending=False,
        no_value="nothing has been published yet",
        span=24,
        height=11,
        alert="EtlRowVolumeUnusual",
    )


def _completeness() -> Row:
    return [
        freshness("Is each source on time?", queries.SOURCE, span=12),
        series_panel(
            "How old is the data?",
            "Time since the last successful run; a healthy source draws a sawtooth that peaks at its schedule.",
            Query(queries.LAST_SUCCESS_AGE, "{{source}}"),
            Query(queries.STALE_FROM, "{{source}}: alert"),
            unit="s",
            alert="EtlDatasetStale",
        ).override_by_regexp(".*: alert", LIMIT_LINE),
        series_panel(
            "How many rows are published?",
            "A table that shrinks by more than a tenth fails an audit; other unusual changes raise an alert.",
            Query(queries.ROWS, "{{dataset}}"),
            alert="EtlRowVolumeUnusual",
        ),
        events_panel(
            "How did runs end?",
            "unchanged: the API had nothing new, so the published data stays as it is.",
            Query(queries.RUNS_ENDED, "{{source}}: {{status}}"),
            colours={".*: published": OK, ".*: unchanged": "blue", ".*: failed": BAD},
            alert="EtlRunFailed",
        ),
    ]


def _soundness() -> Row:
    return [
        table_panel(
            "What did audits find?",
            "Rows that must not exist, in the latest attempt that got as far as its audits.",
            {"source": Column("Source"), "audit": Column("Audit")},
            [(Column("Offending rows", "short", NONE_IS_GOOD), queries.AUDIT_OFFENDING_ROWS)],
            sort="Offending rows",
            no_value="no audit yet",
            span=8,
            alert="EtlAuditFailed",
        ),
        events_panel(
            "Why were records refused?",
            "Records put into quarantine, by the kind of error. They can be fixed and replayed.",
            Query(queries.RECORDS_REFUSED, "{{dataset}}: {{reason}}"),
            span=8,
            alert="EtlQuarantineShareHigh",
        ),
        series_panel(
            "Which fields are unknown?",
            "Number of fields the API sends that the contract does not list, as of the last transform.",
            Query(queries.UNKNOWN_FIELDS_BY_DATASET, "{{dataset}}"),
            span=8,
            alert="EtlSchemaDrift",
        ),
    ]


def _durations() -> Row:
    return [
        points_panel(
            "How long do steps take?",
            "Mean time of each successful step: which one makes a run slow.",
            Query(queries.STEP_DURATION, "{{source}}: {{step}}"),
        ),
        points_panel(
            "How fast is COPY?",
            "Rows per second into the staging tables. Small tables never reach a high rate.",
            Query(queries.COPY_SPEED, "{{dataset}}"),
            unit="rowsps",
        ),
        events_panel(
            "How many rows passed each step?",
            "Rows that left each step, over all datasets; publish counts the rows of tables that changed.",
            Query(queries.ROWS_BY_STEP, "{{step}}"),
        ),
        events_panel(
            "How much was received?",
            "Bytes of the API's answers kept in bronze, before compression.",
            Query(queries.BYTES_RECEIVED, "{{dataset}}"),
            unit="bytes",
        ),
    ]


def _api() -> Row:
    return [
        states_panel(
            "Did the API answer?",
            "What the last run that called it found. The state stays until the next call.",
            Query(queries.API_UP, "{{source}}"),
            UP,
            alert="EtlSourceUnreachable",
        ),
        stat_panel(
            "Retries",
            "Retried requests within the time range.",
            Query(queries.RETRIES),
            thresholds=Thresholds(warn=1),
            decimals=0,
            span=6,
            height=5,
        ),
        stat_panel(
            "Quota left",
            "Share of the API's quota that is left, if known; red where the alert fires while requests are made.",
            Query(queries.QUOTA_LEFT, "{{source}}"),
            unit="percentunit",
            thresholds=Thresholds(bad=LIMITS["EtlSourceQuotaLow"], warn=0.25, falling=True),
            no_value="no API reports it",
            span=6,
            height=5,
            alert="EtlSourceQuotaLow",
        ),
        points_panel(
            "How fast are answers?",
            "Median and 95th percentile of the time to an answer.",
            Query(queries.REQUEST_DURATION_MEDIAN, "{{source}}: median"),
            Query(queries.REQUEST_DURATION_95, "{{source}}: 95th percentile"),
        ),
        events_panel(
            "How did requests end?",
            "By HTTP status; no_answer: none came; broken: it was truncated, or not JSON.",
            Query(queries.REQUESTS_BY_OUTCOME, "{{source}}: {{outcome}}"),
            colours={".*: 2..": OK, ".*: 4..": "orange", ".*: (5..|no_answer|broken)": BAD},
            alert="EtlSourceUnreachable",
        ),
    ]
