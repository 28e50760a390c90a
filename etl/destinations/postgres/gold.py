"""Gold in the warehouse: of each table, only what follows from silver that changed is made again.

A table with a `month` is made from the same months of the tables its statement reads: a few successive ones at a time,
as many as AT_ONCE rows allow. If a table without months that it reads changes, so may all of them. A statement that
reads `previous.<its own table>` continues the month before: it is made month by month, and when one changes, so may the
next. A table without months is small, and made as a whole each time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from psycopg2 import sql

from etl.core.intervals import DataInterval, month_of, next_month
from etl.core.outcomes import AuditResult
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.destinations.gold import fingerprint_of, text_of
from etl.destinations.postgres import audits, parts
from etl.destinations.postgres.parts import WHOLE, Part
from etl.postgres.connection import Warehouse

TABLE = re.compile(r"\b(silver|gold|previous)\.(\w+)\b(\s+as\s+\w+)?")
AT_ONCE = 100_000  # rows that a statement reads


@dataclass
class Gold:
    """The gold tables of a source, in the transaction that publishes it.

    `changed` has, by table, the months that changed, and grows with what is made. `refuse` raises if an audit failed.
    """

    warehouse: Warehouse
    source: Source
    changed: dict[str, set[date]]
    refuse: Callable[[list[AuditResult]], None]

    def make(self, table: Dataset) -> None:
        """Make again what may have changed. Parts share one stage table: each table made or dropped costs locks."""
        text = text_of(table)
        fingerprint = fingerprint_of(text)
        before = parts.known(self.warehouse, table)
        reads = [found[2] for found in TABLE.finditer(text) if found[1] != "previous"]
        changed = {part for name in reads for part in self.changed[name]}
        self.changed[table.name] = set()
        parts.open_stage(self.warehouse, "gold", table)
        if table.month is None:
            self._make_parts(table, text, [WHOLE], before, fingerprint)
        else:
            rows = self._rows_read(reads)
            known = set(rows) - {WHOLE}
            due = set(known if WHOLE in changed else changed)
            due |= {part for part in known if part not in before or before[part].made_by != fingerprint}
            due |= {part for part in before if part not in known and before[part].rows}  # silver lost the month
            is_running = "previous." in text
            while due:
                months = [min(due)] if is_running else _first_stretch(due, rows)
                due.difference_update(months)
                changed = self._make_parts(table, text, months, before, fingerprint)
                due |= {after for month in changed if is_running and (after := next_month(month)) in known}
        parts.close_stage(self.warehouse, table)

    def _rows_read(self, reads: Iterable[str]) -> Counter[date]:
        """How many rows each part of these tables has."""
        found = Counter[date]()
        for name in set(reads):
            found.update({month: part.rows for month, part in parts.known(self.warehouse, self._tables[name]).items()})
        return found

    def _make_parts(
        self, table: Dataset, text: str, made: Sequence[date], before: Mapping[date, Part], fingerprint: str
    ) -> set[date]:
        """Make the whole table, or successive months of it, again; return those that changed."""
        days = [] if made == [WHOLE] else [DataInterval(made[0], next_month(made[-1]))]
        target = sql.SQL("insert into {}\n").format(sql.Identifier("stage", table.name))
        self.warehouse.execute(target + sql.SQL(_of_months(text, days[0], self._tables) if days else text))
        self.refuse(audits.run_folder(self.warehouse, "every_dataset", days, "gold", table.name))
        changed = parts.bring_in(self.warehouse, "gold", table, days)
        parts.empty_stage(self.warehouse, table)
        for part in made:
            if part in changed or part not in before or before[part].made_by != fingerprint:
                parts.measure(self.warehouse, "gold", table, part, fingerprint)
        self.changed[table.name] |= changed
        return changed

    @cached_property
    def _tables(self) -> dict[str, Dataset]:
        return {table.name: table for table in (*self.source.datasets, *self.source.gold)}


def _first_stretch(due: Iterable[date], rows: Mapping[date, int]) -> list[date]:
    """The first of these months, and those that follow it without a gap, as long as they have few rows together."""
    first, *others = sorted(due)
    stretch, read = [first], rows[first]
    for month in others:
        read += rows[month]
        if month != next_month(stretch[-1]) or read > AT_ONCE:
            break
        stretch.append(month)
    return stretch


def _of_months(text: str, days: DataInterval, tables: Mapping[str, Dataset]) -> str:
    """The statement about some months: tables that have months show these, those of `previous` the one before."""

    def shown(found: re.Match[str]) -> str:
        schema, name, alias = found.groups()
        table = tables[name]
        column = table.day or table.month
        start = month_of(days.start - timedelta(days=1)) if schema == "previous" else days.start
        from_table = f"{'gold' if schema == 'previous' else schema}.{name}"
        if column is None:
            return f"{from_table}{alias or ''}"
        end = days.start if schema == "previous" else days.end
        shown_days = f"{column} >= date '{start}' and {column} < date '{end}'"
        return f"(select * from {from_table} where {shown_days}){alias or f' as {name}'}"  # noqa: S608 - our own names

    return TABLE.sub(shown, text)
