"""Queries of the dashboard `warehouse`."""

from __future__ import annotations

from monitoring.dashboards.limits import LIMITS
from monitoring.dashboards.promql import RANGE, WINDOW, rate

BOTH_DATABASES = 'datname=~"warehouse|airflow"'
WAREHOUSE = 'datname="warehouse"'
BY_TABLE = "max by (schemaname, relname)"

POSTGRES_UP = "max(pg_up)"
CONNECTIONS = "warehouse:pg_connections:ratio"
BACKUP_AGE = "max(cronjob:backup_age_seconds:max)"
_HITS = f"sum(increase(pg_stat_database_blks_hit{{{BOTH_DATABASES}}}[{RANGE}]))"
_READS = f"sum(increase(pg_stat_database_blks_read{{{BOTH_DATABASES}}}[{RANGE}]))"
CACHE_HITS = f"{_HITS} / ({_HITS} + {_READS})"
LONGEST_TRANSACTION = f"max(pg_stat_activity_max_tx_duration{{{BOTH_DATABASES}}})"
DEADLOCKS_LAST_HOUR = "sum(increase(pg_stat_database_deadlocks[1h]))"

SESSIONS = f"sum by (datname, state) (pg_stat_activity_count{{{BOTH_DATABASES}}}) > 0"
SESSIONS_ALERT = f"max(pg_settings_max_connections) * {LIMITS['PostgresConnectionsNearLimit']:g}"
ROLE_SESSIONS = (
    'sum by (rolname) (label_replace(pg_stat_activity_count{usename!=""}, "rolname", "$1", "usename", "(.+)"))'
)
_ROLE_LIMIT = "max by (rolname) (pg_roles_connection_limit > 0)"
ROLE_LIMIT = f"{_ROLE_LIMIT} and on (rolname) {ROLE_SESSIONS}"
ROLE_SHARE = f"{ROLE_SESSIONS} / on (rolname) {_ROLE_LIMIT}"
COMMITS = rate("pg_stat_database_xact_commit", "datname", BOTH_DATABASES)
ROLLBACKS = rate("pg_stat_database_xact_rollback", "datname", BOTH_DATABASES)
ROWS_FETCHED = rate("pg_stat_database_tup_fetched", "datname", WAREHOUSE)
ROWS_INSERTED = rate("pg_stat_database_tup_inserted", "datname", WAREHOUSE)
ROWS_UPDATED = rate("pg_stat_database_tup_updated", "datname", WAREHOUSE)
ROWS_DELETED = rate("pg_stat_database_tup_deleted", "datname", WAREHOUSE)

LOCKS = f"sum by (mode) (pg_locks_count{{{WAREHOUSE}}}) > 0"
OLDEST_TRANSACTION = f"max by (datname, state) (pg_stat_activity_max_tx_duration{{{BOTH_DATABASES}}}) > 0"

_BLOCKS_HIT = rate("pg_stat_database_blks_hit", "datname", BOTH_DATABASES)
_BLOCKS_READ = rate("pg_stat_database_blks_read", "datname", BOTH_DATABASES)
BLOCKS_IN_MEMORY = f"{_BLOCKS_HIT} / ({_BLOCKS_HIT} + {_BLOCKS_READ} > 0)"
TEMPORARY_BYTES = rate("pg_stat_database_temp_bytes", "datname", BOTH_DATABASES)
TEMPORARY_FILES = rate("pg_stat_database_temp_files", "datname", BOTH_DATABASES)

DATABASE_SIZE = f"max by (datname) (pg_database_size_bytes{{{BOTH_DATABASES}}})"
WAL_SIZE = "max(pg_wal_size_bytes)"
DEADLOCKS = f"sum by (datname) (increase(pg_stat_database_deadlocks[{WINDOW}]))"
TABLE_SIZE = (  # exporters before 0.18 give the size of a table and its indexes as one metric
    f"{BY_TABLE} (pg_stat_user_tables_table_size_bytes + pg_stat_user_tables_index_size_bytes"
    " or pg_stat_user_tables_size_bytes)"
)
LIVE_ROWS = f"{BY_TABLE} (pg_stat_user_tables_n_live_tup)"
DEAD_ROWS = f"{BY_TABLE} (pg_stat_user_tables_n_dead_tup)"
DEAD_SHARE = f"{DEAD_ROWS} / ({DEAD_ROWS} + {LIVE_ROWS} > 0)"
LAST_AUTOVACUUM = f"{BY_TABLE} (pg_stat_user_tables_last_autovacuum > 0) * 1000"
FULL_SCANS = f"{BY_TABLE} (pg_stat_user_tables_seq_scan)"

BACKUP_AGE_BY_CRONJOB = "max by (cronjob) (cronjob:backup_age_seconds:max)"
BACKUP_ALERT = f"vector({LIMITS['WarehouseBackupMissing']:g})"
