"""Gold in the warehouse: of each table, only what follows from silver that changed is made again.

A table with a `month` is made month by month, each from that month of the tables its statement reads. A statement that
reads `previous.<its own table>` continues the month before: when a month of it changes, so may the next one.
A table without months is small, and made as a whole each time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from psycopg2 import sql

from etl.core.intervals import DataInterval, month_of
from etl.core.outcomes import AuditResult
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.destinations.postgres import audits, parts
from etl.destinations.postgres.parts import WHOLE
from etl.postgres.connection import Warehouse
from etl.sql.statements import statement

TABLE = re.compile(r"\b(silver|gold|previous)\.(\w+)\b(\s+as\s+\w+)?")
COMMENT = re.compile(r"--.*")


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
        text = COMMENT.sub("", statement(f"gold/{table.name}"))
        fingerprint = hashlib.sha256(text.encode()).hexdigest()[:16]
        before = parts.known(self.warehouse, table)
        reads = [found[2] for found in TABLE.finditer(text) if found[1] != "previous"]
        changed = {part for name in reads for part in self.changed[name]}
        self.changed[table.name] = set()
        parts.open_stage(self.warehouse, "gold", table)
        if table.month is None:
            self._make_part(table, text, WHOLE, fingerprint)
        else:
            known = {part for name in reads for part in parts.known(self.warehouse, self._tables[name])} - {WHOLE}
            due = set(known if WHOLE in changed else changed)
            due |= {part for part in known if part not in before or before[part].made_by != fingerprint}
            due |= {part for part in before if part not in known and before[part].rows}  # silver lost the month
            is_running = "previous." in text
            while due:
                month = min(due)
                due.remove(month)
                if self._make_part(table, text, month, fingerprint) and is_running and (after := _next(month)) in known:
                    due.add(after)
        parts.close_stage(self.warehouse, table)

    def _make_part(self, table: Dataset, text: str, part: date, fingerprint: str) -> bool:
        """Make one part again; return whether it changed."""
        days = [] if part == WHOLE else [DataInterval(part, _next(part))]
        target = sql.SQL("insert into {}\n").format(sql.Identifier("stage", table.name))
        self.warehouse.execute(target + sql.SQL(text if part == WHOLE else _of_month(text, part, self._tables)))
        self.refuse(audits.run_folder(self.warehouse, "every_dataset", days, "gold", table.name))
        is_changed = bool(parts.bring_in(self.warehouse, "gold", table, days))
        parts.empty_stage(self.warehouse, table)
        parts.measure(self.warehouse, "gold", table, part, fingerprint)
        if is_changed:
            self.changed[table.name].add(part)
        return is_changed

    @cached_property
    def _tables(self) -> dict[str, Dataset]:
        return {table.name: table for table in (*self.source.datasets, *self.source.gold)}


def _of_month(text: str, month: date, tables: Mapping[str, Dataset]) -> str:
    """The statement about one month: tables that have months show that one, those of `previous` the one before."""

    def shown(found: re.Match[str]) -> str:
        schema, name, alias = found.groups()
        table = tables[name]
        column = table.day or table.month
        start = month_of(month - timedelta(days=1)) if schema == "previous" else month
        from_table = f"{'gold' if schema == 'previous' else schema}.{name}"
        if column is None:
            return f"{from_table}{alias or ''}"
        days = f"{column} >= date '{start}' and {column} < date '{_next(start)}'"
        return f"(select * from {from_table} where {days}){alias or f' as {name}'}"  # noqa: S608 - our own names

    return TABLE.sub(shown, text)


def _next(month: date) -> date:
    return month_of(month + timedelta(days=31))
