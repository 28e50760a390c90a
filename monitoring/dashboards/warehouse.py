"""Warehouse: does Postgres have room for sessions and data, is it fast, could it be restored."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as d

from monitoring.dashboards.elements import LIMIT_LINE, UP, WARN, Column, Query, Thresholds
from monitoring.dashboards.layout import Row, dashboard_of
from monitoring.dashboards.limits import LIMITS
from monitoring.dashboards.panels import events_panel, series_panel, stat_panel, table_panel
from monitoring.dashboards.queries import warehouse as queries

CONNECTIONS = Thresholds(warn=0.6, bad=LIMITS["PostgresConnectionsNearLimit"])
FILES = [
    d.DynamicConfigValue("unit", "cps"),
    d.DynamicConfigValue("custom.axisPlacement", "right"),
    d.DynamicConfigValue("displayName", "${__field.labels.datname}: files"),
]


def build() -> d.Dashboard:
    """Dashboard `warehouse`."""
    return dashboard_of(
        "warehouse",
        "Warehouse",
        "Whether Postgres has room for sessions and data, whether it is fast, and whether it could be restored.",
        {
            "Is it healthy?": _health(),
            "Who is connected, and doing what?": _sessions(),
            "Is anything waiting?": _waits(),
            "Does it fit in memory?": _memory(),
            "Is it growing?": _growth(),
            "Could it be restored?": _backups(),
        },
        alerts="Postgres.*|Warehouse.*",
    )


def _health() -> Row:
    return [
        stat_panel(
            "Postgres",
            "Whether the exporter can connect.",
            Query(queries.POSTGRES_UP),
            words=UP,
            no_value="no exporter",
            alert="PostgresDown",
        ),
        stat_panel(
            "Sessions / limit",
            "Share of max_connections in use. At the limit new clients are refused, including Airflow.",
            Query(queries.CONNECTIONS),
            unit="percentunit",
            thresholds=CONNECTIONS,
            no_value="no exporter",
            alert="PostgresConnectionsNearLimit",
        ),
        stat_panel(
            "Last backup",
            "Age of the last successful backup; red where the alert fires.",
            Query(queries.BACKUP_AGE),
            unit="s",
            thresholds=Thresholds(warn=25 * 3600, bad=LIMITS["WarehouseBackupMissing"]),
            no_value="no backup job",
            alert="WarehouseBackupMissing",
        ),
        stat_panel(
            "Cache hits",
            "Share of blocks found in Postgres' own cache, both databases, within the time range.",
            Query(queries.CACHE_HITS),
            unit="percentunit",
            thresholds=Thresholds(warn=0.95, bad=0.8, falling=True),
            no_value="no exporter",
        ),
        stat_panel(
            "Longest transaction",
            "A transaction that stays open keeps dead rows alive in every table.",
            Query(queries.LONGEST_TRANSACTION),
            unit="s",
            thresholds=Thresholds(warn=600, bad=3600),
            no_value="no exporter",
            alert="PostgresDeadTuples",
        ),
        stat_panel(
            "Deadlocks",
            "Within the last hour, all databases; red where the alert fires. The victim of each retries.",
            Query(queries.DEADLOCKS_LAST_HOUR),
            thresholds=Thresholds(warn=1, bad=LIMITS["PostgresDeadlocks"]),
            decimals=0,
            no_value="no exporter",
            alert="PostgresDeadlocks",
        ),
    ]


def _sessions() -> Row:
    return [
        series_panel(
            "How many sessions are there?",
            "By database and state, and the number from which the alert fires.",
            Query(queries.SESSIONS, "{{datname}}: {{state}}"),
            Query(queries.SESSIONS_ALERT, "alert"),
            alert="PostgresConnectionsNearLimit",
        ).override_by_name("alert", LIMIT_LINE),
        table_panel(
            "How many of its sessions does a role use?",
            "Sessions of each role and its limit; roles without a limit of their own are left out.",
            {"rolname": Column("Role")},
            [
                (Column("Sessions", "short"), queries.ROLE_SESSIONS),
                (Column("Limit", "short"), queries.ROLE_LIMIT),
                (Column("Share", "percentunit", CONNECTIONS), queries.ROLE_SHARE),
            ],
            sort="Share",
            no_value="no role with a limit is connected",
            alert="PostgresConnectionsNearLimit",
        ),
        series_panel(
            "How many transactions are there?",
            "Per second, by database; committed and rolled back separately.",
            Query(queries.COMMITS, "{{datname}}: committed"),
            Query(queries.ROLLBACKS, "{{datname}}: rolled back"),
            unit="cps",
        ),
        series_panel(
            "How many rows are read and written?",
            "Rows per second in the warehouse. COPY and publishing insert; publishing writes only rows that differ.",
            Query(queries.ROWS_FETCHED, "fetched by index"),
            Query(queries.ROWS_INSERTED, "inserted"),
            Query(queries.ROWS_UPDATED, "updated"),
            Query(queries.ROWS_DELETED, "deleted"),
            unit="rowsps",
        ),
    ]


def _waits() -> Row:
    return [
        series_panel(
            "Which locks are held?",
            "By mode. Only accessexclusivelock keeps readers waiting; publishing takes none on what they read.",
            Query(queries.LOCKS, "{{mode}}"),
            no_value="no lock in this time range",
            alert="PostgresDeadlocks",
        ),
        series_panel(
            "How long are transactions open?",
            "The oldest of each database, by state; idle in transaction: a client that forgot to end its own.",
            Query(queries.OLDEST_TRANSACTION, "{{datname}}: {{state}}"),
            unit="s",
            no_value="no transaction was open at a scrape",
        ),
    ]


def _memory() -> Row:
    return [
        series_panel(
            "How many blocks are found in memory?",
            "Share of blocks that Postgres found in its own cache; the rest came from the OS cache or the disk.",
            Query(queries.BLOCKS_IN_MEMORY, "{{datname}}"),
            unit="percentunit",
            share=True,
        ),
        series_panel(
            "What does not fit into memory?",
            "Bytes per second written to temporary files by sorts and joins that exceed work_mem.",
            Query(queries.TEMPORARY_BYTES, "{{datname}}"),
            Query(queries.TEMPORARY_FILES, "{{datname}}: files"),
            unit="binBps",
        ).override_by_regexp(".*: files", FILES),
    ]


def _growth() -> Row:
    return [
        series_panel(
            "How large are the databases?",
            "Size on disk with indexes, and of the write-ahead log, which archiving and checkpoints keep small.",
            Query(queries.DATABASE_SIZE, "{{datname}}"),
            Query(queries.WAL_SIZE, "write-ahead log"),
            unit="bytes",
        ),
        events_panel(
            "Were there deadlocks?",
            "Each one aborted a transaction, which its client has to retry.",
            Query(queries.DEADLOCKS, "{{datname}}"),
            colours={".*": WARN},
            alert="PostgresDeadlocks",
        ),
        table_panel(
            "Which tables are large, and which need a vacuum?",
            "Tables of the warehouse. Autovacuum removes dead rows in time; small tables may not need it.",
            {"schemaname": Column("Schema", width=90), "relname": Column("Table")},
            [
                (Column("Size", "bytes"), queries.TABLE_SIZE),
                (Column("Live rows", "short"), queries.LIVE_ROWS),
                (Column("Dead rows", "short"), queries.DEAD_ROWS),
                (
                    Column("Dead", "percentunit", Thresholds(warn=0.2, bad=LIMITS["PostgresDeadTuples"])),
                    queries.DEAD_SHARE,
                ),
                (Column("Last autovacuum", "dateTimeFromNow"), queries.LAST_AUTOVACUUM),
                (Column("Full scans", "short"), queries.FULL_SCANS),
            ],
            sort="Size",
            no_value="no exporter",
            span=24,
            height=11,
            alert="PostgresDeadTuples",
        ),
    ]


def _backups() -> Row:
    return [
        series_panel(
            "How old is the last backup?",
            "A daily backup draws a sawtooth of 24 hours.",
            Query(queries.BACKUP_AGE_BY_CRONJOB, "{{cronjob}}"),
            Query(queries.BACKUP_ALERT, "alert"),
            unit="s",
            span=24,
            height=6,
            alert="WarehouseBackupMissing",
        ).override_by_name("alert", LIMIT_LINE),
    ]
