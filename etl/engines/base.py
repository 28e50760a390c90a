"""The protocol of an engine: it turns pages into rows, and rows into other rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from etl.core.tables import Dataset
from etl.engines.work import Done, Work
from etl.lake.layout import Stored
from etl.lake.store import Lake

Tables = Mapping[str, pa.Table | Sequence[Stored]]


def nothing_before(gold: Iterable[Dataset]) -> dict[str, pa.Table]:
    """The tables of `previous`, which are empty for an engine that makes all months at once."""
    return {f"previous.{table.name}": table.schema.empty_table() for table in gold if table.month}


@dataclass(frozen=True)
class Selected:
    """The result of a statement: rows in files of the lake."""

    rows: int
    files: tuple[str, ...]


class Engine(Protocol):
    """Turns pages into rows, and rows into other rows; implemented by `etl.engines.local` and `etl.engines.spark`."""

    def parse(self, tasks: Sequence[Work]) -> Iterator[Done]:
        """Do each task once, in any order."""
        ...

    def select(
        self,
        lake: Lake,
        statement: str,
        tables: Tables,
        into: Dataset,
        path: Callable[[int], str],
        *,
        by_month: bool = False,
    ) -> Selected:
        """Write the rows of a statement written for Postgres, as declared by `into`, to path(1), path(2) and so on.

        `by_month`: rows with a `day` go into a file for each month, path(202405) and so on, in the order of their days.
        """
        ...
