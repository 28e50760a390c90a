"""Makes the ledger agree with a destination with its own transactions; its marker says what it has (docs/adr/0019)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from etl.core import events
from etl.core.errors import ConfigError
from etl.core.events import Listener
from etl.core.intervals import DataInterval
from etl.core.outcomes import Published
from etl.core.source import Source
from etl.destinations.base import Destination, Marker
from etl.lake import silver
from etl.lake.store import Lake
from etl.pipeline import publishing
from etl.postgres.connection import Warehouse
from etl.postgres.ranges import multirange
from etl.state import ledger


def reconcile(warehouse: Warehouse, source: Source, destination: Destination, lake: Lake, emit: Listener) -> None:
    """Record a run that died before it was recorded, and forget what the destination has lost.

    Raises: ConfigError if the destination was published into by another installation.
    """
    if not destination.capabilities.carries_marker:
        return
    marker = destination.marker(source)
    if marker is not None:
        about = {"run_id": marker.run_id, "source": source.name, "destination": destination.name}
        found = warehouse.run("ledger/marked_run", about)
        if not found:
            raise ConfigError(
                f"{source.name} was published into {destination.namespace} by run {marker.run_id}, which this "
                "warehouse does not know: it is another installation's.",
                hint="Set PGHOST to the warehouse of that installation, or publish into a database of its own.",
            )
        [run] = found
        if run["status"] == "running" and run["is_alive"]:
            return  # that run is about to record itself
        if run["status"] not in ("published", "unchanged"):
            _complete(warehouse, source, destination, lake, marker, _interval(run))
            emit(events.LedgerCompleted(source.name, marker.run_id))
    for run_id in forget(warehouse, source, destination.name, marker):
        emit(events.RunForgotten(source.name, run_id))


def _complete(
    warehouse: Warehouse,
    source: Source,
    destination: Destination,
    lake: Lake,
    marker: Marker,
    interval: DataInterval | None,
) -> None:
    attempt = ledger.Attempt(warehouse, marker.run_id, source.name, interval, destination.name)
    published = Published.of(marker.run_id, destination.name, marker.outcomes)
    transformed = silver.read(lake, source, marker.extraction_id)
    if transformed is None:  # the lake was lost as well: the run's days are read again
        attempt.finish(
            status=published.status,
            outcomes=published.tables,
            origin=source.origin,
            extraction_id=marker.extraction_id,
        )
        return
    incomplete = publishing.incomplete_days(lake, source, transformed)
    publishing.record(warehouse, attempt, source, lake, transformed, marker.days, incomplete, published)


def forget(warehouse: Warehouse, source: Source, destination: str, marker: Marker | None) -> list[str]:
    """Runs that ended after the marked one are lost, and their days are no longer published."""
    about: dict[str, Any] = {"source": source.name, "destination": destination}
    with warehouse.transaction():
        lost = warehouse.run("ledger/forget_runs", about | {"run_id": marker and marker.run_id})
        days = [interval for run in lost if (interval := _interval(run))]
        if days:
            about |= {"datasets": [dataset.name for dataset in source.datasets]}
            warehouse.run("ledger/forget_days", about | {"days": _ranges(days)})
            warehouse.run("ledger/move_watermark_back", about | {"start": min(some.start for some in days)})
    return [run["run_id"] for run in lost]


def _ranges(days: Iterable[DataInterval]) -> str:
    return multirange(silver.joined(days))


def _interval(run: dict[str, Any]) -> DataInterval | None:
    start = run["interval_start"]
    return None if start is None else DataInterval(start, run["interval_end"])
