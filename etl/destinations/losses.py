"""What publishing would lose: values that were known, and rows of a whole state. Only a person can accept it.

The queries compare `silver.<dataset>`, which is published, with `stage.<dataset>`, which will be. They are generated
because they name every column of a dataset; they run in Postgres and, translated, in the engines of the lake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pyarrow as pa

from etl.core.intervals import DataInterval
from etl.core.outcomes import AuditResult
from etl.core.tables import Column, Dataset

FEW = 0.02
VALUES = "no_known_value_lost"
LOST = "lost_value"  # the column that names the column


def may_lose_values(dataset: Dataset) -> bool:
    """Whether any value of the dataset can become unknown that must not."""
    return bool(_nullable(dataset))


def rows_audit(dataset: Dataset) -> str:
    """The name of the audit for lost rows."""
    return "few_rows_lost" if _most_lost(dataset) else "no_row_lost"


def lost_values(dataset: Dataset, days: Sequence[DataInterval] = ()) -> str:
    """A query for the keys of rows in which a known value would become unknown, and the first such column.

    `days` are those that are published again, if the dataset has a day: a warehouse reads no others.
    """
    columns = _nullable(dataset)
    lost = {name: f"(published.{name} is not null and staged.{name} is null)" for name in columns}
    first = " ".join(f"when {condition} then '{name}'" for name, condition in lost.items())
    has_unknown = " or ".join(f"staged.{name} is null" for name in columns)  # few rows have: they are filtered first
    return (
        f"select {_columns('published', dataset.key)}, case {first} end as {LOST}\n"
        f"from silver.{dataset.name} as published\n"
        f"inner join stage.{dataset.name} as staged on {_same(dataset.key)}\n"
        f"where ({has_unknown}) and ({' or '.join(lost.values())}){_on(dataset, days)}"
    )


def lost_rows(dataset: Dataset, days: Sequence[DataInterval] = ()) -> str:
    """A query for the keys of rows that are published (on `days`) and would not be any more."""
    return (
        f"select {_columns('published', dataset.key)}\n"
        f"from silver.{dataset.name} as published\n"
        f"left join stage.{dataset.name} as staged on {_same(dataset.key)}\n"
        f"where staged.{dataset.key[0]} is null{_on(dataset, days)}"
    )


def published_rows(dataset: Dataset, days: Sequence[DataInterval] = ()) -> str:
    """A query for the number of rows that are published (on `days`)."""
    where = f"where true{_on(dataset, days)}"
    return f"select count(*) as rows from silver.{dataset.name} as published {where}"  # noqa: S608 - our own names


def found_by(dataset: Dataset, audit: str) -> Dataset:
    """The rows that one of these queries finds, as a table of the lake."""
    key = tuple(column for column in dataset.columns if column.name in dataset.key)
    lost = (Column(LOST, pa.string(), "The first column whose value is lost."),) if audit == VALUES else ()
    return Dataset(f"{dataset.name}_{audit}", "one row per row that loses something", dataset.key, (*key, *lost))


def unless_few(lost: AuditResult, dataset: Dataset, published: Callable[[], int]) -> AuditResult:
    """What was found, or nothing if so few rows may be lost without consent; `published` counts all there are."""
    if lost.offending_rows and (share := _most_lost(dataset)) and lost.offending_rows <= int(published() * share):
        return replace(lost, offending_rows=0, sample=())
    return lost


def _most_lost(dataset: Dataset) -> float:
    if dataset.max_lost_share is not None:
        return dataset.max_lost_share
    return 0 if dataset.day else FEW


def _nullable(dataset: Dataset) -> list[str]:
    return [c.name for c in dataset.columns if c.nullable and not (c.is_bookkeeping or c.may_vanish)]


def _on(dataset: Dataset, days: Sequence[DataInterval]) -> str:
    if dataset.day is None or not days:
        return ""
    day = f"published.{dataset.day}"
    each = [f"({day} >= '{some.start}' and {day} < '{some.end}')" for some in days]
    return f" and ({' or '.join(each)})"


def _columns(table: str, names: Iterable[str]) -> str:
    return ", ".join(f"{table}.{name}" for name in names)


def _same(key: Iterable[str]) -> str:
    return " and ".join(f"published.{name} = staged.{name}" for name in key)
