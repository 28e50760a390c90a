"""Tables as Redshift needs them: types, what spreads the rows over its machines, what keeps them sorted.

It has no partitions and enforces no keys, only that a column is not null.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import pyarrow as pa

from etl.core.tables import Column, Dataset
from etl.destinations.redshift.connection import Redshift
from etl.destinations.redshift.statements import columns, is_nested, text

SCHEMAS = ("silver", "gold", "stage", "ops")
MARKERS = "ops.published"
KINDS: Mapping[pa.DataType, str] = {
    pa.string(): "varchar(65535)",  # in bytes; `text` would hold only 256
    pa.bool_(): "boolean",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.date32(): "date",
    pa.timestamp("us", tz="UTC"): "timestamp",  # in UTC: COPY of Parquet supports none with a zone
}


def kind(declared: pa.DataType) -> str:
    """The type of a column in Redshift."""
    return "super" if is_nested(declared) else KINDS[declared]


def create(name: str, table: Dataset) -> str:
    """The statement that creates a table, such as `silver.spacex_launches`."""
    declared = ",\n".join(f"    {_column(c)}{'' if c.nullable else ' not null'}" for c in table.columns)
    spread = "diststyle auto" if table.distributed_by is None else f"distkey ({columns([table.distributed_by])})"
    order = columns(dict.fromkeys([*filter(None, [table.day or table.month]), *table.key]))
    return text("redshift/create_table", table=name, columns=declared, spread=spread, order=order)


def prepare(redshift: Redshift) -> None:
    """Create the schemas and the table of markers; each is committed immediately."""
    found = known(redshift)
    if MARKERS not in found:
        for schema in SCHEMAS:
            redshift.execute(text("redshift/create_schema", schema=schema))
        redshift.execute(text("redshift/create_markers"))


def require(redshift: Redshift, schema: str, tables: Iterable[Dataset]) -> None:
    """Create the tables that are missing, and columns that were declared later."""
    found = known(redshift)
    for table in tables:
        name = f"{schema}.{table.name}"
        if name not in found:
            redshift.execute(create(name, table))
        for column in table.columns if name in found else ():
            if column.name not in found[name]:
                redshift.execute(text("redshift/add_column", table=name, column=_column(column)))


def known(redshift: Redshift) -> dict[str, Collection[str]]:
    """By table, the columns that are there."""
    found: dict[str, set[str]] = {}
    for row in redshift.execute(text("redshift/columns")):
        found.setdefault(f"{row['table_schema']}.{row['table_name']}", set()).add(row["column_name"])
    return dict(found)


def _column(column: Column) -> str:
    return f'"{column.name}" {kind(column.type)}'
