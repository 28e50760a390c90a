"""Gold in the lake: of a table with a `month`, the months whose silver changed are made again, and the rest is kept.

What was made before counts only if the same statement made it, of what was published before this run. Otherwise, and if
more than a FEW months are due or a table without months changed, all months are made at once. A statement that reads
`previous.<its own table>` continues the month before: when one changes, so may the next. A table without months is
small, and made as a whole each time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from etl.core.intervals import DataInterval, month_of, months, next_month
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.destinations.gold import fingerprint_of, text_of
from etl.destinations.lake import merging
from etl.engines.base import Engine, nothing_before
from etl.lake import layout, parquet
from etl.lake.layout import Stored
from etl.lake.store import Lake

if TYPE_CHECKING:
    from etl.lake import tables as iceberg

MADE_BY = "etl.made-by"  # in the summary of a snapshot: which statement made the table
READS = re.compile(r"\b(silver|gold|previous)\.(\w+)\b")
FEW = 3  # months that are made one by one, each with a file of its own
ALL = None  # months


@dataclass
class Gold:
    """The gold tables of a source, in the transaction that publishes it; to be made before silver changes.

    `changed` has, by table, the months that changed, and grows with what is made; ALL if those are not known.
    """

    lake: Lake
    engine: Engine
    source: Source
    tables: iceberg.Tables
    silver: Mapping[str, iceberg.Table]
    run_id: str
    extraction_id: str
    changed: dict[str, Collection[date] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tables = {**self.silver}
        for gold in self.source.gold:
            dated = replace(gold, day=gold.month)  # a month is found as if it were a day
            self._tables[f"gold.{gold.name}"] = self.tables.require(f"gold.{gold.name}", dated, by_month=False)
        self._made_by_run = {name: table.about.get(layout.RUN_ID) for name, table in self._tables.items()}
        self._made_by = {name: table.about.get(MADE_BY) for name, table in self._tables.items()}

    def rows(self, gold: Dataset) -> int:
        """How many rows a table has."""
        return self._tables[f"gold.{gold.name}"].rows

    def silver_changed(self, dataset: Dataset, days: Sequence[DataInterval]) -> None:
        """Rows of silver have been replaced, of these days or of all."""
        self.changed[f"silver.{dataset.name}"] = ALL if dataset.day is None or not days else months(days)

    def make(self, gold: Dataset) -> list[Stored]:
        """Make again what may have changed; return the files whose rows are new."""
        name = f"gold.{gold.name}"
        text = text_of(gold)
        due = self._due(gold, text)
        if due is not ALL and (made := self._make_months(gold, text, due)) is not ALL:
            return made
        self.changed[name] = ALL
        path = partial(layout.table_part, name, self.run_id)
        every = {**{each: self._rows(each) for each in _read(text)}, **nothing_before(self.source.gold)}
        files = self.engine.select(self.lake, text, every, self._into(gold), path).files
        self._replace(name, text, [file for each in self._tables[name].stored() for file in each.files], files)
        return self._tables[name].stored()

    def _due(self, gold: Dataset, text: str) -> set[date] | None:
        """The months of what is read that changed; ALL, if what was made before does not count or is not of months."""
        name, reads = f"gold.{gold.name}", _read(text)
        runs = {self._made_by_run[each] for each in (name, *reads)}
        if gold.month is None or self._made_by[name] != fingerprint_of(text) or len(runs) > 1:
            return ALL
        due = set[date]()
        for each in reads:
            changed = self.changed.get(each, ())
            if changed is ALL:
                return ALL
            due.update(changed)
        return due

    def _make_months(self, gold: Dataset, text: str, due: set[date]) -> list[Stored] | None:
        """Make these months, and those that follow from them; ALL, if they are more than a FEW."""
        name, into = f"gold.{gold.name}", self._into(gold)
        previous = f"previous.{gold.name}"
        is_running, made = previous in text, dict[date, Stored]()
        while due:
            if len(made) + len(due) > FEW:
                for each in made.values():
                    self._delete(each)
                return ALL
            month = min(due)
            due.discard(month)
            rows = {each: self._rows(each, month) for each in _read(text)}
            if is_running:
                before = month_of(month - timedelta(days=1))
                rows[previous] = [made[before]] if before in made else self._rows(name, before)
            path = partial(_part, name, self.run_id, month)
            made[month] = Stored(into, self.engine.select(self.lake, text, rows, into, path).files)
            if is_running and self._has(text, next_month(month)) and not self._is_same(name, month, made[month]):
                due.add(next_month(month))
        self.changed[name] = made.keys()
        self._put(gold, text, made)
        return list(made.values())

    def _put(self, gold: Dataset, text: str, made: Mapping[date, Stored]) -> None:
        """Put the months that were made in the place of those that are there; other rows of their files are kept."""
        name, into, days = f"gold.{gold.name}", self._into(gold), list(map(_days, made))
        removed = [file for each in self._tables[name].stored(days) for file in each.files] if days else []
        added = [file for each in made.values() for file in each.files]
        if removed:
            others = merging.without(name, replace(gold, day=gold.month), days)
            path = partial(layout.table_part, name, self.run_id)
            there = {name: [Stored(into, tuple(removed))]}
            added += self.engine.select(self.lake, others, there, into, path).files
        self._replace(name, text, removed, added)

    def _replace(self, name: str, text: str, removed: Iterable[str], added: Iterable[str]) -> None:
        about = {layout.RUN_ID: self.run_id, layout.EXTRACTION_ID: self.extraction_id, MADE_BY: fingerprint_of(text)}
        self._tables[name].replace(removed, added, about)

    def _rows(self, name: str, month: date | None = None) -> pa.Table | Sequence[Stored]:
        """The rows of a table, or if they have a day or a month, those of one month."""
        table = self._tables[name]
        if month is None or table.dataset.day is None:
            return table.stored() or table.dataset.schema.empty_table()
        stored = [replace(each, days=_days(month)) for each in table.stored([_days(month)])]
        return stored or table.dataset.schema.empty_table()

    def _has(self, text: str, month: date) -> bool:
        """Whether something that a statement reads may have rows of a month."""
        return any(self._tables[name].stored([_days(month)]) for name in _read(text) if self._tables[name].dataset.day)

    def _is_same(self, name: str, month: date, made: Stored) -> bool:
        """Whether a month was made of the rows that are there."""
        there = self._rows(name, month)

        def rows(stored: Iterable[Stored]) -> list[str]:
            found = (batch.to_pylist() for each in stored for batch in parquet.rows_of(self.lake, each))
            return sorted(str(row) for some in found for row in some)

        return rows([] if isinstance(there, pa.Table) else there) == rows([made])

    def _into(self, gold: Dataset) -> Dataset:
        """What the engine writes, which is not cut by months."""
        return replace(self._tables[f"gold.{gold.name}"].dataset, day=None)

    def _delete(self, made: Stored) -> None:
        for file in made.files:
            self.lake.delete(file)


def _read(text: str) -> set[str]:
    """The tables of the source that a statement reads, but for its own months before."""
    return {f"{schema}.{name}" for schema, name in READS.findall(text) if schema != "previous"}


def _part(name: str, run_id: str, month: date, number: int) -> str:
    return layout.table_part(name, run_id, (month.year * 100 + month.month) * 1000 + number)


def _days(month: date) -> DataInterval:
    return DataInterval(month, next_month(month))
