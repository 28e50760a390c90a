"""Tables of silver and gold as sources declare them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """A column as the lake and the warehouse keep it; `about` feeds the data catalogue.

    `is_bookkeeping`: it says when or how a row was processed; rows that differ in it alone are the same content.
    """

    name: str
    type: pa.DataType
    about: str
    nullable: bool = True
    is_bookkeeping: bool = False


@dataclass(frozen=True)
class Dataset:
    """One table of `silver` or `gold`: its grain, key and columns.

    `part_of` names the dataset to whose rows these belong, and whose key they carry (core slots to a launch): when such
    a row is read again, so are all its parts.
    `day` names the column that says to which day of an interval a row belongs, for data that are read by days; what SQL
    makes of such rows it must make of each day alone, as an engine may give it some days at a time.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    part_of: str | None = None
    day: str | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """The declared Arrow schema, the same in Parquet, on the wire to Postgres and in Spark."""
        import pyarrow as pa

        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])
