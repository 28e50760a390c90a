"""ETL datasets: are they fresh, complete and sound; how long do steps take; how does the API behave."""

from __future__ import annotations

from grafana_foundation_sdk.builders.table import Panel as TablePanel
from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards.panels import (
    BAD,
    LIMIT_LINE,
    LIMITS,
    NONE_IS_WELL,
    OK,
    UP,
    Column,
    Query,
    Thresholds,
    dashboard_of,
    events_panel,
    points_panel,
    series_panel,
    stat_panel,
    states_panel,
    table_panel,
    to_dashboard,
    variable,
)
from monitoring.dashboards.queries import RANGE, happened, mean, or_zero, quantile

SOURCE = 'source=~"$source"'
DATASET = 'dataset=~"$dataset"'
BOTH = f"{SOURCE}, {DATASET}"
STAGED = f'{DATASET}, step="stage"'

SCHEDULE = "max by (source) (etl_source_schedule_seconds)"
OVERDUE = f"source:etl_last_success_age_seconds:max - on (source) {SCHEDULE}"
STALE_SOURCES = f"sum({OVERDUE} > bool {LIMITS['EtlDatasetStale']:g})"
LATE = Thresholds(warn=1, bad=LIMITS["EtlDatasetStale"])
FAILED = {0: ("✓ well", OK), 1: ("✗ failed", BAD)}


def freshness(title: str, where: str = "", *, span: int = 12, height: int = 8) -> TablePanel:
    """Each source: when it last succeeded, and by how much that is later than its schedule."""
    chosen = f"{{{where}}}" if where else ""
    return table_panel(
        title,
        "Last success against the schedule. Overdue: orange when a run is missing, red where the alert fires.",
        {"source": Column("Source", link=to_dashboard("etl-datasets", source="${__value.raw}"))},
        [
            (
                Column("Last success", "dateTimeFromNow"),
                f"max by (source) (etl_source_last_success_timestamp_seconds{chosen}) * 1000",
            ),
            (Column("Every", "s"), f"max by (source) (etl_source_schedule_seconds{chosen})"),
            (
                Column("Overdue", "s", LATE),
                f"clamp_min(source:etl_last_success_age_seconds:max{chosen} - on (source) {SCHEDULE}, 0)",
            ),
            (
                Column("Latest attempt", "short", words=FAILED),
                f"max by (source) (etl_source_last_run_failed{chosen})",
            ),
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
            "Is the data good?": [
                stat_panel(
                    "Longest overdue",
                    "How much later than its schedule a source is; red where the alert fires.",
                    Query(
                        "clamp_min(max("
                        f"source:etl_last_success_age_seconds:max{{{SOURCE}}} - on (source) {SCHEDULE}), 0)"
                    ),
                    unit="s",
                    thresholds=LATE,
                    no_value="no ledger",
                    alert="EtlDatasetStale",
                ),
                stat_panel(
                    "Last run failed",
                    "Sources whose latest attempt that ended failed or was killed; what was published before stays.",
                    Query(f"sum(max by (source) (etl_source_last_run_failed{{{SOURCE}}}))"),
                    thresholds=NONE_IS_WELL,
                    no_value="no run yet",
                    alert="EtlRunFailed",
                ),
                stat_panel(
                    "Audits that failed",
                    "Audits that found rows that must not exist; while there is one, nothing is published.",
                    Query(f"sum(max by (source, audit) (etl_audit_offending_rows{{{SOURCE}}}) > bool 0)"),
                    thresholds=NONE_IS_WELL,
                    no_value="no audit yet",
                    alert="EtlAuditFailed",
                ),
                stat_panel(
                    "Largest share refused",
                    "Of a dataset's records in its latest run; red where the alert fires. Too many end a run.",
                    Query(f"max(etl_quarantine_last_run_ratio{{{BOTH}}})"),
                    unit="percentunit",
                    thresholds=Thresholds(bad=LIMITS["EtlQuarantineShareHigh"]),
                    no_value="no run yet",
                    alert="EtlQuarantineShareHigh",
                ),
                stat_panel(
                    "Unknown fields",
                    "Fields that the API sends and no contract knows: it has changed, without harm so far.",
                    Query(f"sum(max by (dataset) (etl_unknown_fields{{{DATASET}}}))"),
                    thresholds=Thresholds(warn=1),
                    no_value="no run yet",
                    alert="EtlSchemaDrift",
                ),
                stat_panel(
                    "APIs",
                    "Whether the API answered as it should when a run last asked it.",
                    Query(f"max by (source) (etl_source_up{{{SOURCE}}})", "{{source}}"),
                    words=UP,
                    no_value="no run yet",
                    alert="EtlSourceUnreachable",
                ),
                table_panel(
                    "What is published?",
                    "Each table with its rows now, the median of up to 20 runs before, and what was refused.",
                    {
                        "source": Column("Source", width=90),
                        "dataset": Column("Dataset", link="/d/etl-datasets?var-dataset=${__value.raw}"),
                    },
                    [
                        (Column("Rows", "short"), _ledger("etl_dataset_rows")),
                        (Column("Usual", "short"), _ledger("etl_dataset_usual_rows")),
                        (
                            Column(
                                "Change",
                                "percentunit",
                                Thresholds(warn=LIMITS["EtlRowVolumeUnusual"] / 2, bad=LIMITS["EtlRowVolumeUnusual"]),
                            ),
                            f"abs(dataset:etl_rows_change:ratio{{{BOTH}}})",
                        ),
                        (
                            Column("Published", "dateTimeFromNow"),
                            _ledger("etl_dataset_last_success_timestamp_seconds") + " * 1000",
                        ),
                        (
                            Column("Complete until", "dateTimeAsIso"),
                            _ledger("etl_dataset_watermark_timestamp_seconds") + " * 1000",
                        ),
                        (
                            Column("In quarantine", "short", Thresholds(warn=1)),
                            _ledger("etl_quarantine_open_records"),
                        ),
                        (
                            Column("Refused", "percentunit", Thresholds(bad=LIMITS["EtlQuarantineShareHigh"])),
                            _ledger("etl_quarantine_last_run_ratio"),
                        ),
                    ],
                    sort="Dataset",
                    descending=False,
                    no_value="nothing has been published yet",
                    span=24,
                    height=11,
                    alert="EtlRowVolumeUnusual",
                ),
            ],
            "Is it fresh and complete?": [
                freshness("Is each source on time?", SOURCE, span=12),
                series_panel(
                    "How old is the data?",
                    "Time since the last successful run; a healthy source makes a saw that ends at its schedule.",
                    Query(f"source:etl_last_success_age_seconds:max{{{SOURCE}}}", "{{source}}"),
                    Query(
                        f"max by (source) (etl_source_schedule_seconds{{{SOURCE}}}) + {LIMITS['EtlDatasetStale']:g}",
                        "{{source}}: alert",
                    ),
                    unit="s",
                    alert="EtlDatasetStale",
                ).override_by_regexp(".*: alert", LIMIT_LINE),
                series_panel(
                    "How many rows are published?",
                    "A table that shrinks by a tenth fails an audit; other unusual numbers raise an alert.",
                    Query(_ledger("etl_dataset_rows"), "{{dataset}}"),
                    alert="EtlRowVolumeUnusual",
                ),
                events_panel(
                    "How did runs end?",
                    "unchanged: the API had nothing new, and what is published stays.",
                    Query(happened("etl_runs_total", "source, status", SOURCE), "{{source}}: {{status}}"),
                    colours={".*: published": OK, ".*: unchanged": "blue", ".*: failed": BAD},
                    alert="EtlRunFailed",
                ),
            ],
            "Is it sound?": [
                table_panel(
                    "What did audits find?",
                    "Rows that must not exist, of the latest attempt that came as far as its audits.",
                    {"source": Column("Source"), "audit": Column("Audit")},
                    [
                        (
                            Column("Offending rows", "short", NONE_IS_WELL),
                            f"max by (source, audit) (etl_audit_offending_rows{{{SOURCE}}})",
                        )
                    ],
                    sort="Offending rows",
                    no_value="no audit yet",
                    span=8,
                    alert="EtlAuditFailed",
                ),
                events_panel(
                    "Why were records refused?",
                    "Records that went into quarantine, by the kind of what is wrong. They can be mended and replayed.",
                    Query(happened("etl_refused_records_total", "dataset, reason", DATASET), "{{dataset}}: {{reason}}"),
                    span=8,
                    alert="EtlQuarantineShareHigh",
                ),
                series_panel(
                    "Which fields does nobody know?",
                    "Number of fields that the API sends and the contract does not know, as of the last transform.",
                    Query(f"max by (dataset) (etl_unknown_fields{{{DATASET}}})", "{{dataset}}"),
                    span=8,
                    alert="EtlSchemaDrift",
                ),
            ],
            "How long does it take?": [
                points_panel(
                    "How long do steps take?",
                    "Mean time of each step that went well: which one makes a run slow.",
                    Query(mean("etl_step_duration_seconds", "source, step", SOURCE), "{{source}}: {{step}}"),
                ),
                points_panel(
                    "How fast is COPY?",
                    "Rows per second into stage, for each table. Small tables never get fast.",
                    Query(
                        f"{happened('etl_rows_total', 'dataset', STAGED)}"
                        f" / ({happened('etl_copy_duration_seconds_sum', 'dataset', DATASET)} > 0)",
                        "{{dataset}}",
                    ),
                    unit="rowsps",
                ),
                events_panel(
                    "How many rows went through?",
                    "Rows that left each step, all datasets together; publish counts those of tables that changed.",
                    Query(happened("etl_rows_total", "step", DATASET), "{{step}}"),
                ),
                events_panel(
                    "How much was received?",
                    "Bytes of the API's answers before compression, kept in bronze.",
                    Query(happened("etl_received_bytes_total", "dataset", DATASET), "{{dataset}}"),
                    unit="bytes",
                ),
            ],
            "How does the API behave?": [
                states_panel(
                    "Did the API answer?",
                    "What the last run that asked it found. The state stays until the next run asks.",
                    Query(f"max by (source) (etl_source_up{{{SOURCE}}})", "{{source}}"),
                    UP,
                    alert="EtlSourceUnreachable",
                ),
                stat_panel(
                    "Retries",
                    "Requests that were made again within the time range.",
                    Query(or_zero(happened("etl_request_retries_total", "source", SOURCE, RANGE))),
                    thresholds=Thresholds(warn=1),
                    decimals=0,
                    span=6,
                    height=5,
                ),
                stat_panel(
                    "Quota left",
                    "Share of the API's quota that is left, if it tells; red where the alert fires, while we ask.",
                    Query(f"min by (source) (etl_source_quota_remaining_ratio{{{SOURCE}}})", "{{source}}"),
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
                    Query(quantile(0.5, "etl_request_duration_seconds", "source", SOURCE), "{{source}}: half"),
                    Query(quantile(0.95, "etl_request_duration_seconds", "source", SOURCE), "{{source}}: 95 %"),
                ),
                events_panel(
                    "How did requests end?",
                    "By HTTP status; no_answer: none came; broken: it was cut, or no JSON.",
                    Query(
                        happened("etl_request_duration_seconds_count", "source, outcome", SOURCE),
                        "{{source}}: {{outcome}}",
                    ),
                    colours={".*: 2..": OK, ".*: 4..": "orange", ".*: (5..|no_answer|broken)": BAD},
                    alert="EtlSourceUnreachable",
                ),
            ],
        },
        variables=[
            variable("source", "Source", "label_values(etl_source_schedule_seconds, source)"),
            variable("dataset", "Dataset", f"label_values(etl_dataset_rows{{{SOURCE}}}, dataset)"),
        ],
        alerts="Etl.*",
    )


def _ledger(metric: str) -> str:
    """What the ledger says of each dataset; an exporter that starts anew makes no second series."""
    return f"max by (source, dataset) ({metric}{{{BOTH}}})"
