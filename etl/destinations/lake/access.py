"""How to get at the lake's tables, and the lock under which those of a source change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from etl.core.events import Listener, PublishingWaits
from etl.core.source import Source
from etl.lake.store import Lake
from etl.postgres.connection import Warehouse

if TYPE_CHECKING:
    from etl.lake import tables as iceberg

LOCK = "{} in the lake"  # not the one under which the warehouse publishes


def tables(warehouse: Warehouse, lake: Lake) -> iceberg.Tables:
    """The tables of a lake, in whatever transaction the warehouse is."""
    from etl.lake import tables as iceberg  # takes a second, which nobody else should wait

    return iceberg.Tables(lake, warehouse.raw)


@contextmanager
def locked(warehouse: Warehouse, source: Source, emit: Listener) -> Iterator[None]:
    """A transaction in which nobody else changes the source's tables in the lake, however long it takes."""
    about = {"source": LOCK.format(source.name)}
    with warehouse.transaction():
        if not warehouse.run("publish/lock_source", about)[0]["is_free"]:
            emit(PublishingWaits(source.name))
            warehouse.run("publish/wait_for_source", about)
        warehouse.run("publish/take_time")
        yield
