"""What an engine is: it turns pages into rows, and rows into other rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from etl.core.tables import Dataset
from etl.engines.work import Done, Work
from etl.lake.layout import Stored
from etl.lake.store import Lake

Tables = Mapping[str, pa.Table | Sequence[Stored]]


@dataclass(frozen=True)
class Selected:
    """Rows that a statement made, in files of the lake."""

    rows: int
    files: tuple[str, ...]


class Engine(Protocol):
    """What turns pages into rows, and rows into other rows; `etl.lake.local_engine` and `spark_engine` are some."""

    def parse(self, works: Sequence[Work]) -> Iterator[Done]:
        """Do each work once, in any order."""
        ...

    def select(self, lake: Lake, statement: str, tables: Tables, into: Dataset, path: Callable[[int], str]) -> Selected:
        """Write the rows of a statement for Postgres, as `into` declares them, into the files path(1), path(2) …"""
        ...
