"""Glue follows: what it shows of a source becomes what the catalogue says, once a run is committed (docs/adr/0036)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.core.events import GlueOverwritten, Listener
from etl.core.source import Source
from etl.destinations.lake import access
from etl.lake.store import Lake
from etl.postgres.connection import Warehouse

if TYPE_CHECKING:
    from etl.lake.glue import Followed, Glue


def follow(warehouse: Warehouse, lake: Lake, glue: Glue, source: Source, emit: Listener) -> list[Followed]:
    """Have Glue show what is published of a source, gold last; nobody publishes it meanwhile.

    Raises: PlatformError if Glue does not; what is published stays published.
    """
    changed = []
    with access.locked(warehouse, source, emit):
        known = access.tables(warehouse, lake)
        for name in names(source):
            if (table := known.find(name)) is not None and (followed := glue.follow(table)):
                changed.append(followed)
                if followed.instead_of is not None:
                    emit(GlueOverwritten(source.name, name, followed.instead_of))
    return changed


def names(source: Source) -> list[str]:
    """The tables of a source, gold last."""
    return [*(f"silver.{each.name}" for each in source.datasets), *(f"gold.{each.name}" for each in source.gold)]
