"""The statements of sql/redshift/, and others in its dialect; what they name is declared by datasets."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from etl.core.tables import Dataset
from etl.sql.statements import statement


def text(name: str, **parts: str) -> str:
    """The text of `sql/<name>.sql` with these parts; none of them comes from outside."""
    return statement(name).format(**parts)


def columns(names: Iterable[str]) -> str:
    """A list of columns. They are quoted, as Redshift reserves words that Postgres does not."""
    return ", ".join(f'"{name}"' for name in names)


def content(table: Dataset) -> str:
    """What makes two rows different, in a form that set operators compare: no SUPER, and nothing about processing."""
    kept = (column for column in table.columns if not column.is_bookkeeping)
    return ", ".join(f'json_serialize("{c.name}")' if is_nested(c.type) else f'"{c.name}"' for c in kept)


def is_nested(kind: pa.DataType) -> bool:
    """Whether a column of that Arrow type is a SUPER."""
    return pa.types.is_nested(kind)
