"""Where alerts fire, so that panels can show it."""

from __future__ import annotations

from collections.abc import Mapping

# An alert that is missing here fires at the first occurrence; a test compares these with monitoring/rules.
LIMITS: Mapping[str, float] = {
    "EtlDatasetStale": 2 * 3600,  # beyond its schedule
    "EtlQuarantineShareHigh": 0.01,
    "EtlRowVolumeUnusual": 0.3,
    "EtlSourceQuotaLow": 0.1,
    "KubernetesPodRestarting": 3,
    "MarsRoverSilent": 30 * 86400,
    "NodeDiskFillingUp": 0.1,
    "PostgresConnectionsNearLimit": 0.8,
    "PostgresDeadTuples": 0.3,
    "PostgresDeadlocks": 3,
    "VolumeFillingUp": 0.1,
    "WarehouseBackupMissing": 26 * 3600,
    "WarehouseRestoreUntested": 5 * 86400,
}
