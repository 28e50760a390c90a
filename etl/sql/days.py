"""The days of a run in statements, for engines that have no ranges."""

from __future__ import annotations

import re
from collections.abc import Sequence

from etl.core.intervals import DataInterval
from etl.sql.statements import statement

OF_DAYS = re.compile(r"([\w.]+) <@ cast\(%\(days\)s as datemultirange\)")


def audit(name: str, days: Sequence[DataInterval]) -> str:
    """The audit `sql/<name>.sql` for these days."""
    return OF_DAYS.sub(lambda found: within(found[1], days), statement(name))


def within(column: str | None, days: Sequence[DataInterval], table: str = "") -> str:
    """The condition that a row is of these days; true for any row of a table without a day."""
    if column is None or not days:
        return "true"
    day = f"{table}.{column}" if table else column
    each = [f"({day} >= '{some.start}' and {day} < '{some.end}')" for some in days]
    return f"({' or '.join(each)})"
