"""ETL datasets: are they fresh, complete and sound; how long do steps take; how does the API behave."""

from __future__ import annotations

from grafana_foundation_sdk.builders.table import Panel as TablePanel
from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards.elements import (
    BAD,
    LIMIT_LINE,
    NONE_IS_WELL,
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
FAILED = {0: ("✓ well", OK), 1: ("✗ failed", BAD)}


def freshness(title: str, where: str = "", *, span: int = 12, height: int = 8) -> TablePanel:
    """Each source: when it last succeeded, and by how much that is later than its schedule."""
    return table_panel(
        title,
        "Last success against the schedule. Overdue: orange when a run is missing, red where the alert fires.",
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
        "Whether the published data is fresh, complete and sound; how long steps take and how the APIs behave.",
        {
            "Is the data good?": _quality(),
            "Is it fresh and complete?": _completeness(),
            "Is it sound?": _soundness(),
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
            "How much later than its schedule a source is; red where the alert fires.",
            Query(queries.LONGEST_OVERDUE),
            unit="s",
            thresholds=LATE,
            no_value="no ledger",
            alert="EtlDatasetStale",
        ),
        stat_panel(
            "Last run failed",
            "Sources whose latest attempt that ended failed or was killed; what was published before stays.",
            Query(queries.FAILED_SOURCES),
            thresholds=NONE_IS_WELL,
            no_value="no run yet",
            alert="EtlRunFailed",
        ),
        stat_panel(
            "Audits that failed",
            "Audits that found rows that must not exist; while there is one, nothing is published.",
            Query(queries.FAILED_AUDITS),
            thresholds=NONE_IS_WELL,
            no_value="no audit yet",
            alert="EtlAuditFailed",
        ),
        stat_panel(
            "Largest share refused",
            "Of a dataset's records in its latest run; red where the alert fires. Too many end a run.",
            Query(queries.LARGEST_REFUSED_SHARE),
            unit="percentunit",
            thresholds=Thresholds(bad=LIMITS["EtlQuarantineShareHigh"]),
            no_value="no run yet",
            alert="EtlQuarantineShareHigh",
        ),
        stat_panel(
            "Unknown fields",
            "Fields that the API sends and no contract knows: it has changed, without harm so far.",
            Query(queries.UNKNOWN_FIELDS),
            thresholds=Thresholds(warn=1),
            no_value="no run yet",
            alert="EtlSchemaDrift",
        ),
        stat_panel(
            "APIs",
            "Whether the API answered as it should when a run last asked it.",
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
        "Each table with its rows now, the median of up to 20 runs before, and what was refused.",
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
            "Time since the last successful run; a healthy source makes a saw that ends at its schedule.",
            Query(queries.LAST_SUCCESS_AGE, "{{source}}"),
            Query(queries.STALE_FROM, "{{source}}: alert"),
            unit="s",
            alert="EtlDatasetStale",
        ).override_by_regexp(".*: alert", LIMIT_LINE),
        series_panel(
            "How many rows are published?",
            "A table that shrinks by a tenth fails an audit; other unusual numbers raise an alert.",
            Query(queries.ROWS, "{{dataset}}"),
            alert="EtlRowVolumeUnusual",
        ),
        events_panel(
            "How did runs end?",
            "unchanged: the API had nothing new, and what is published stays.",
            Query(queries.RUNS_ENDED, "{{source}}: {{status}}"),
            colours={".*: published": OK, ".*: unchanged": "blue", ".*: failed": BAD},
            alert="EtlRunFailed",
        ),
    ]


def _soundness() -> Row:
    return [
        table_panel(
            "What did audits find?",
            "Rows that must not exist, of the latest attempt that came as far as its audits.",
            {"source": Column("Source"), "audit": Column("Audit")},
            [(Column("Offending rows", "short", NONE_IS_WELL), queries.AUDIT_OFFENDING_ROWS)],
            sort="Offending rows",
            no_value="no audit yet",
            span=8,
            alert="EtlAuditFailed",
        ),
        events_panel(
            "Why were records refused?",
            "Records that went into quarantine, by the kind of what is wrong. They can be mended and replayed.",
            Query(queries.RECORDS_REFUSED, "{{dataset}}: {{reason}}"),
            span=8,
            alert="EtlQuarantineShareHigh",
        ),
        series_panel(
            "Which fields does nobody know?",
            "Number of fields that the API sends and the contract does not know, as of the last transform.",
            Query(queries.UNKNOWN_FIELDS_BY_DATASET, "{{dataset}}"),
            span=8,
            alert="EtlSchemaDrift",
        ),
    ]


def _durations() -> Row:
    return [
        points_panel(
            "How long do steps take?",
            "Mean time of each step that went well: which one makes a run slow.",
            Query(queries.STEP_DURATION, "{{source}}: {{step}}"),
        ),
        points_panel(
            "How fast is COPY?",
            "Rows per second into stage, for each table. Small tables never get fast.",
            Query(queries.COPY_SPEED, "{{dataset}}"),
            unit="rowsps",
        ),
        events_panel(
            "How many rows went through?",
            "Rows that left each step, all datasets together; publish counts those of tables that changed.",
            Query(queries.ROWS_BY_STEP, "{{step}}"),
        ),
        events_panel(
            "How much was received?",
            "Bytes of the API's answers before compression, kept in bronze.",
            Query(queries.BYTES_RECEIVED, "{{dataset}}"),
            unit="bytes",
        ),
    ]


def _api() -> Row:
    return [
        states_panel(
            "Did the API answer?",
            "What the last run that asked it found. The state stays until the next run asks.",
            Query(queries.API_UP, "{{source}}"),
            UP,
            alert="EtlSourceUnreachable",
        ),
        stat_panel(
            "Retries",
            "Requests that were made again within the time range.",
            Query(queries.RETRIES),
            thresholds=Thresholds(warn=1),
            decimals=0,
            span=6,
            height=5,
        ),
        stat_panel(
            "Quota left",
            "Share of the API's quota that is left, if it tells; red where the alert fires, while we ask.",
            Query(queries.QUOTA_LEFT, "{{source}}"),
            unit="percentunit",
            thresholds=Thresholds(bad=LIMITS["EtlSourceQuotaLow"], warn=0.25, falling=True),
            no_value="no API tells",
            span=6,
            height=5,
            alert="EtlSourceQuotaLow",
        ),
        points_panel(
            "How quick are answers?",
            "Time within which half and 95 % of the answers came.",
            Query(queries.REQUEST_DURATION_MEDIAN, "{{source}}: half"),
            Query(queries.REQUEST_DURATION_95, "{{source}}: 95 %"),
        ),
        events_panel(
            "How did requests end?",
            "By HTTP status; no_answer: none came; broken: it was cut, or no JSON.",
            Query(queries.REQUESTS_BY_OUTCOME, "{{source}}: {{outcome}}"),
            colours={".*: 2..": OK, ".*: 4..": "orange", ".*: (5..|no_answer|broken)": BAD},
            alert="EtlSourceUnreachable",
        ),
    ]
