"""Warehouse: does Postgres have room for sessions and data, is it quick, could it be brought back."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as d

from monitoring.dashboards.panels import (
    LIMIT_LINE,
    LIMITS,
    UP,
    WARN,
    Column,
    Query,
    Thresholds,
    dashboard_of,
    events_panel,
    series_panel,
    stat_panel,
    table_panel,
)
from monitoring.dashboards.queries import rate

OURS = 'datname=~"warehouse|airflow"'
CONNECTIONS = Thresholds(warn=0.6, bad=LIMITS["PostgresConnectionsNearLimit"])
DEAD = "max by (schemaname, relname) (pg_stat_user_tables_n_dead_tup)"
LIVE = "max by (schemaname, relname) (pg_stat_user_tables_n_live_tup)"
# Exporters before 0.18 tell the size of a table and its indexes in one.
TABLE_SIZE = (
    "max by (schemaname, relname) (pg_stat_user_tables_table_size_bytes + pg_stat_user_tables_index_size_bytes"
    " or pg_stat_user_tables_size_bytes)"
)

WAREHOUSE_ONLY = 'datname="warehouse"'
ROLE_SESSIONS = (
    'sum by (rolname) (label_replace(pg_stat_activity_count{usename!=""}, "rolname", "$1", "usename", "(.+)"))'
)
ROLE_LIMIT = "max by (rolname) (pg_roles_connection_limit > 0)"
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
        "Whether Postgres has room for sessions and data, whether it is quick, and whether it could be brought back.",
        {
            "Is it well?": [
                stat_panel(
                    "Postgres",
                    "Whether the exporter can connect.",
                    Query("max(pg_up)"),
                    words=UP,
                    no_value="no exporter",
                    alert="PostgresDown",
                ),
                stat_panel(
                    "Sessions of the limit",
                    "Share of max_connections in use. Beyond it new clients are refused, Airflow among them.",
                    Query("warehouse:pg_connections:ratio"),
                    unit="percentunit",
                    thresholds=CONNECTIONS,
                    no_value="no exporter",
                    alert="PostgresConnectionsNearLimit",
                ),
                stat_panel(
                    "Last backup",
                    "Age of the last backup that succeeded; red where the alert fires.",
                    Query("max(cronjob:backup_age_seconds:max)"),
                    unit="s",
                    thresholds=Thresholds(warn=25 * 3600, bad=LIMITS["WarehouseBackupMissing"]),
                    no_value="no backup job",
                    alert="WarehouseBackupMissing",
                ),
                stat_panel(
                    "Cache hits",
                    "Share of blocks found in Postgres' own memory, both databases, within the time range.",
                    Query(
                        f"sum(increase(pg_stat_database_blks_hit{{{OURS}}}[$__range])) / (sum(increase("
                        f"pg_stat_database_blks_hit{{{OURS}}}[$__range])) + sum(increase("
                        f"pg_stat_database_blks_read{{{OURS}}}[$__range])))"
                    ),
                    unit="percentunit",
                    thresholds=Thresholds(warn=0.95, bad=0.8, falling=True),
                    no_value="no exporter",
                ),
                stat_panel(
                    "Longest transaction",
                    "A transaction that stays open keeps dead rows alive in every table.",
                    Query(f"max(pg_stat_activity_max_tx_duration{{{OURS}}})"),
                    unit="s",
                    thresholds=Thresholds(warn=600, bad=3600),
                    no_value="no exporter",
                    alert="PostgresDeadTuples",
                ),
                stat_panel(
                    "Deadlocks",
                    "Within the last hour, all databases; red where the alert fires. The loser of each tries again.",
                    Query("sum(increase(pg_stat_database_deadlocks[1h]))"),
                    thresholds=Thresholds(warn=1, bad=LIMITS["PostgresDeadlocks"]),
                    decimals=0,
                    no_value="no exporter",
                    alert="PostgresDeadlocks",
                ),
            ],
            "Who is connected, and what do they do?": [
                series_panel(
                    "How many sessions are there?",
                    "By database and state, and where the alert fires.",
                    Query(f"sum by (datname, state) (pg_stat_activity_count{{{OURS}}}) > 0", "{{datname}}: {{state}}"),
                    Query(
                        f"max(pg_settings_max_connections) * {LIMITS['PostgresConnectionsNearLimit']:g}",
                        "alert",
                    ),
                    alert="PostgresConnectionsNearLimit",
                ).override_by_name("alert", LIMIT_LINE),
                table_panel(
                    "Who has how many of their sessions?",
                    "Sessions of each role, and how many it may have; a role without a limit of its own is left out.",
                    {"rolname": Column("Role")},
                    [
                        (Column("Sessions", "short"), ROLE_SESSIONS),
                        (Column("May have", "short"), f"{ROLE_LIMIT} and on (rolname) {ROLE_SESSIONS}"),
                        (
                            Column("Share", "percentunit", CONNECTIONS),
                            f"{ROLE_SESSIONS} / on (rolname) {ROLE_LIMIT}",
                        ),
                    ],
                    sort="Share",
                    no_value="nobody with a limit is connected",
                    alert="PostgresConnectionsNearLimit",
                ),
                series_panel(
                    "How many transactions are there?",
                    "Per second, by database; rolled back ones apart.",
                    Query(rate("pg_stat_database_xact_commit", "datname", OURS), "{{datname}}: committed"),
                    Query(rate("pg_stat_database_xact_rollback", "datname", OURS), "{{datname}}: rolled back"),
                    unit="cps",
                ),
                series_panel(
                    "What do they read and write?",
                    "Rows per second in the warehouse. COPY inserts; publishing swaps tables and updates none.",
                    Query(rate("pg_stat_database_tup_fetched", "datname", WAREHOUSE_ONLY), "fetched by index"),
                    Query(rate("pg_stat_database_tup_inserted", "datname", WAREHOUSE_ONLY), "inserted"),
                    Query(rate("pg_stat_database_tup_updated", "datname", WAREHOUSE_ONLY), "updated"),
                    Query(rate("pg_stat_database_tup_deleted", "datname", WAREHOUSE_ONLY), "deleted"),
                    unit="rowsps",
                ),
            ],
            "Does anybody wait?": [
                series_panel(
                    "Which locks are held?",
                    "By mode. Publishing takes accessexclusivelock for a moment, when it swaps tables.",
                    Query('sum by (mode) (pg_locks_count{datname="warehouse"}) > 0', "{{mode}}"),
                    no_value="no lock in this time range",
                    alert="PostgresDeadlocks",
                ),
                series_panel(
                    "How long are transactions open?",
                    "The oldest of each database by its state; idle in transaction is a client that forgot to end it.",
                    Query(
                        f"max by (datname, state) (pg_stat_activity_max_tx_duration{{{OURS}}}) > 0",
                        "{{datname}}: {{state}}",
                    ),
                    unit="s",
                    no_value="no transaction was open at a scrape",
                ),
            ],
            "Does it find things in memory?": [
                series_panel(
                    "How many blocks are found in memory?",
                    "Share of blocks that Postgres found in its own cache; the rest came from the system or the disk.",
                    Query(
                        f"{rate('pg_stat_database_blks_hit', 'datname', OURS)}"
                        f" / ({rate('pg_stat_database_blks_hit', 'datname', OURS)}"
                        f" + {rate('pg_stat_database_blks_read', 'datname', OURS)} > 0)",
                        "{{datname}}",
                    ),
                    unit="percentunit",
                    share=True,
                ),
                series_panel(
                    "What does not fit into memory?",
                    "Temporary files that sorts and joins write, bytes per second: work_mem is too small for them.",
                    Query(rate("pg_stat_database_temp_bytes", "datname", OURS), "{{datname}}"),
                    Query(rate("pg_stat_database_temp_files", "datname", OURS), "{{datname}}: files"),
                    unit="binBps",
                ).override_by_regexp(".*: files", FILES),
            ],
            "Does it grow?": [
                series_panel(
                    "How large are the databases?",
                    "On disk, with indexes; and the write-ahead log, which archiving and checkpoints keep short.",
                    Query("max by (datname) (pg_database_size_bytes" + f"{{{OURS}}})", "{{datname}}"),
                    Query("max(pg_wal_size_bytes)", "write-ahead log"),
                    unit="bytes",
                ),
                events_panel(
                    "Were there deadlocks?",
                    "Each one ended a transaction, which its client has to try again.",
                    Query("sum by (datname) (increase(pg_stat_database_deadlocks[$__rate_interval]))", "{{datname}}"),
                    colours={".*": WARN},
                    alert="PostgresDeadlocks",
                ),
                table_panel(
                    "Which tables are large, and which need a vacuum?",
                    "Tables of the warehouse. Autovacuum takes dead rows away in time; in small tables it need not.",
                    {"schemaname": Column("Schema", width=90), "relname": Column("Table")},
                    [
                        (Column("Size", "bytes"), TABLE_SIZE),
                        (Column("Live rows", "short"), LIVE),
                        (Column("Dead rows", "short"), DEAD),
                        (
                            Column("Dead", "percentunit", Thresholds(warn=0.2, bad=LIMITS["PostgresDeadTuples"])),
                            f"{DEAD} / ({DEAD} + {LIVE} > 0)",
                        ),
                        (
                            Column("Vacuumed by itself", "dateTimeFromNow"),
                            "max by (schemaname, relname) (pg_stat_user_tables_last_autovacuum > 0) * 1000",
                        ),
                        (
                            Column("Full scans", "short"),
                            "max by (schemaname, relname) (pg_stat_user_tables_seq_scan)",
                        ),
                    ],
                    sort="Size",
                    no_value="no exporter",
                    span=24,
                    height=11,
                    alert="PostgresDeadTuples",
                ),
            ],
            "Could it be brought back?": [
                series_panel(
                    "How old is the last backup?",
                    "A daily backup makes a saw of 24 hours.",
                    Query("max by (cronjob) (cronjob:backup_age_seconds:max)", "{{cronjob}}"),
                    Query(f"vector({LIMITS['WarehouseBackupMissing']:g})", "alert"),
                    unit="s",
                    span=24,
                    height=6,
                    alert="WarehouseBackupMissing",
                ).override_by_name("alert", LIMIT_LINE),
            ],
        },
        alerts="Postgres.*|Warehouse.*",
    )
