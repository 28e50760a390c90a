"""Lines and tables on stdout."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from etl import destinations

WIDTH_OF_FILES = 200


def say(text: str) -> None:
    """One line of result; long URLs are not broken."""
    _console().print(escape(text), soft_wrap=True)


def table(title: str | None = None) -> Table:
    """An empty table in the house style."""
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)


def show(filled: Table) -> None:
    """A table, as wide as the terminal or, in a file, as it needs."""
    _console().print(filled)


def show_rows(rows: list[dict[str, Any]]) -> None:
    """Every row of a result, under the names of its columns."""
    if not rows:
        say("No rows.")
        return
    filled = table()
    for name, value in rows[0].items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        filled.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        filled.add_row(*(escape(_text(value)) for value in row.values()))
    show(filled)


def with_destinations(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows, saying their destination only if any of them is not about the warehouse."""
    if any(row["destination"] != destinations.DEFAULT for row in rows):
        return rows
    return [{name: value for name, value in row.items() if name != "destination"} for row in rows]


def count(number: int, thing: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def size(number: int) -> str:
    """Bytes for people: 1.2 MB; a dash for nothing."""
    if number < 1000:
        return f"{number} B" if number else "–"
    value, unit = float(number), "B"
    for unit in ("kB", "MB", "GB", "TB"):  # noqa: B007
        value /= 1000
        if value < 1000:
            break
    return f"{value:,.1f} {unit}"


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_OF_FILES, emoji=False)


def _text(value: Any) -> str:
    match value:
        case None:
            return "–"
        case float():
            return f"{value:,.2f}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
    return str(value)
