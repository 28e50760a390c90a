"""Questions and their answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from etl.cli.console.output import say, show_rows
from etl.sql.questions import Answer


def show(answers: Iterable[Answer]) -> None:
    """Each question with every row of its answer."""
    for answer in answers:
        show_answer(answer)


def show_answer(answer: Answer) -> None:
    """A question, its rows and how many there are."""
    say(f"\n{answer.question}")
    show_rows(answer.rows)
    if len(answer.rows) > 1:
        first = next(iter(answer.rows[0]))
        say(f"{len(answer.rows)} rows{_of_how_many(first, {row[first] for row in answer.rows})}.")


def _of_how_many(column: str, values: set[Any]) -> str:
    """`, 9 different cores` for a column `core_id`; nothing for a column that is not an ID."""
    thing = column.removesuffix("_id")
    plural = thing + ("es" if thing.endswith(("ch", "s", "x")) else "s")
    return f", {len(values)} different {plural}" if thing != column else ""
