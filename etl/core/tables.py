"""Tables of silver and gold as sources declare them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """A column in the lake and the warehouse; `about` feeds the data catalogue.

    `is_bookkeeping`: it says when or how a row was processed; rows that differ in it alone are the same content.
    `is_awaited`: the source knows it sooner or later; a day in which it is null is read again.
    `may_vanish`: the source may retract the value; any other value that is known stays known.
    `field_id` is its number in a table of the lake, by which other readers know it whatever its name.
    """

    name: str
    type: pa.DataType
    about: str
    nullable: bool = True
    is_bookkeeping: bool = False
    is_awaited: bool = False
    may_vanish: bool = False
    field_id: int | None = None

    @cached_property
    def field(self) -> pa.Field[Any]:
        """The column in Arrow."""
        import pyarrow as pa

        about = None if self.field_id is None else {"PARQUET:field_id": str(self.field_id)}
        return pa.field(self.name, self.type, nullable=self.nullable, metadata=about)


@dataclass(frozen=True)
class Dataset:
    """One table of `silver` or `gold`: its grain, key and columns.

    `part_of` names the dataset to whose rows these belong, and whose key they carry (core slots to a launch): when such
    a row is read again, so are all its parts.
    `day` names the column with the day a row belongs to, for data that are read by days; SQL must derive each day from
    that day's rows alone, as an engine may run it on a few days at a time.
    `month` names the column of a gold table with the first day of a month, if its SQL derives each month from that
    month's rows alone, and from `previous.<the table itself>`, its own rows of the month before.
    `distributed_by` names the column by which a warehouse of several machines spreads the rows: equal values are
    together, as joins want it; None: it decides. It sorts them by the day or month, if there is one, and the key.
    `max_lost_share` is the share of its published rows, of those days if it has a `day`, that may be missing from a
    new read before a person must consent. None: 2 %, as a few may well have been withdrawn; of rows with a day, none.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    part_of: str | None = None
    day: str | None = None
    month: str | None = None
    distributed_by: str | None = None
    max_lost_share: float | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """The declared Arrow schema, the same in Parquet, on the wire to Postgres and in Spark."""
        import pyarrow as pa

        return pa.schema([column.field for column in self.columns])
