"""Compaction of tables: where a month, or a table without months, has several small files, one takes their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from etl.core.ids import new_id
from etl.core.source import Source
from etl.engines.base import Engine
from etl.lake import layout
from etl.lake.layout import Stored
from etl.lake.store import Lake

if TYPE_CHECKING:
    from etl.lake.tables import Table, Tables


@dataclass(frozen=True)
class Rewrite:
    """A table's files to be written together."""

    table: Table
    files: tuple[str, ...]


def make_plan(tables: Tables, source: Source, smaller_than: int) -> list[Rewrite]:
    """Find the small files of a source's tables."""
    declared = {f"silver.{each.name}": each for each in source.datasets}
    declared |= {f"gold.{each.name}": each for each in source.gold}
    found = (tables.find(name, dataset) for name, dataset in declared.items())
    small = ((table, table.small_files(smaller_than)) for table in found if table is not None)
    return [Rewrite(table, tuple(files)) for table, files in small if files]


def apply(plan: list[Rewrite], lake: Lake, engine: Engine) -> Iterator[tuple[Rewrite, int]]:
    """Write them, in the transaction of the tables; yield how many files take their place."""
    rewrite_id = new_id()
    for rewrite in plan:
        table, into = rewrite.table, rewrite.table.dataset
        rows = [Stored(into, rewrite.files)]
        columns = ", ".join(column.name for column in into.columns)
        query = f"select {columns} from {table.name}"  # noqa: S608 - our own names
        path = partial(layout.table_part, table.name, rewrite_id)
        made = engine.select(lake, query, {table.name: rows}, into, path, by_month=into.day is not None)
        table.replace(rewrite.files, made.files, table.about)
        yield rewrite, len(made.files)
