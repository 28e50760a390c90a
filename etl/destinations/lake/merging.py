"""What a table is after a run: the rows that were read, and those published ones that stay.

`read.<dataset>` are the former, `silver.<dataset>` the latter. The statements are generated because they name every
column of a dataset; the lake's engines run them, translated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from etl.core.intervals import DataInterval
from etl.core.tables import Dataset
from etl.sql.days import within


def read(dataset: Dataset) -> str:
    """A query for the rows that were read."""
    return f"select {_columns('staged', dataset)}\nfrom read.{dataset.name} as staged"


def read_again(dataset: Dataset, whole: Dataset, days: Sequence[DataInterval], *, keep: bool) -> str:
    """A query for the rows that were read, and if `keep`, the published ones (of some days) that were not.

    Whether a row was read again, `whole` tells: the dataset itself, or the one that it is part of.
    """
    if not keep:
        return read(dataset)
    kept = f"{_not_read(dataset, whole)}\nwhere staged.{whole.key[0]} is null and "
    return f"{read(dataset)}\nunion all\n{kept}{within(dataset.day, days, 'published')}"


def merged(dataset: Dataset, whole: Dataset, days: Sequence[DataInterval], *, keep: bool) -> str:
    """The same, of these days alone, and the published rows of all others."""
    if dataset.day is None or not days:
        return read_again(dataset, whole, days, keep=keep)
    new = f"{read(dataset)}\nwhere {within(dataset.day, days, 'staged')}"
    others = f"not {within(dataset.day, days, 'published')}"
    if not keep:
        return f"{new}\nunion all\n{_published(dataset)}\nwhere {others}"
    return f"{new}\nunion all\n{_not_read(dataset, whole)}\nwhere staged.{whole.key[0]} is null or {others}"


def without(table: str, dataset: Dataset, days: Sequence[DataInterval]) -> str:
    """A query for the rows of a table that are not of these days."""
    columns = ", ".join(column.name for column in dataset.columns)
    return f"select {columns}\nfrom {table}\nwhere not {within(dataset.day, days)}"


def repeated_keys(table: str, key: Iterable[str]) -> str:
    """A query for the keys that a table has more than once."""
    columns = ", ".join(key)
    return f"select {columns}, count(*) as copies\nfrom {table}\ngroup by {columns}\nhaving count(*) > 1"


def _published(dataset: Dataset) -> str:
    return f"select {_columns('published', dataset)}\nfrom silver.{dataset.name} as published"


def _not_read(dataset: Dataset, whole: Dataset) -> str:
    same = " and ".join(f"published.{name} = staged.{name}" for name in whole.key)
    return f"{_published(dataset)}\nleft join read.{whole.name} as staged on {same}"


def _columns(table: str, dataset: Dataset) -> str:
    return ", ".join(f"{table}.{column.name}" for column in dataset.columns)
