"""Sweeping a table: snapshots that nobody can want any more are forgotten, and files that no snapshot needs deleted.

A plan is a value; printing it and applying it walk the same list. Forgetting is committed before anything is deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from etl.lake import layout
from etl.lake.store import Lake, StoredFile, map_concurrently

if TYPE_CHECKING:
    from pyiceberg.table.snapshots import Snapshot

    from etl.lake.tables import Table

UNDER_WAY = timedelta(days=1)  # files of a run that has not committed yet are younger


@dataclass(frozen=True)
class Sweep:
    """What goes of a table, and how many snapshots stay."""

    table: Table
    snapshots: tuple[int, ...]
    files: tuple[StoredFile, ...]
    kept: int

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


def make_plan(lake: Lake, table: Table, older_than: timedelta, now: datetime) -> Sweep:
    """Find the snapshots that ceased to be current longer ago than that, and files that no other one needs.

    So whatever was current since then can be read: by time travel, or by a warehouse restored from a backup.
    """
    gone = _superseded(table, now - older_than)
    kept = [snapshot for snapshot in table.snapshots if snapshot.snapshot_id not in gone]
    needed = table.referred(kept) | {path for path, until in table.history if until > now - older_than}
    youngest = now - max(older_than, UNDER_WAY)
    files = (file for file in lake.list_files(layout.table(table.name)) if file.path not in needed)
    old = (file for file in files if file.written_at < (youngest if _is_metadata(file) else now - UNDER_WAY))
    return Sweep(table, tuple(sorted(gone)), tuple(old), len(kept))


def delete(lake: Lake, sweep: Sweep) -> None:
    """Delete the files; to be called once the snapshots are forgotten."""
    for _ in map_concurrently(lambda file: lake.delete(file.path), sweep.files):
        pass


def _superseded(table: Table, before: datetime) -> set[int]:
    """The snapshots that were not current any more by then, but for those that have a name."""
    ended = {older.snapshot_id for older, newer in pairwise(table.snapshots) if _made_at(newer) < before}
    return ended - table.named


def _made_at(snapshot: Snapshot) -> datetime:
    return datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)


def _is_metadata(file: StoredFile) -> bool:
    return file.path.endswith(".metadata.json")
