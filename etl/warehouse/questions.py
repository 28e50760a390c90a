"""The questions under sql/questions/, asked of gold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from etl.errors import UsageError
from etl.warehouse.statements import names, statement


@dataclass(frozen=True)
class Answer:
    """A question in words, and its rows."""

    name: str
    question: str
    rows: list[dict[str, Any]]


def texts(name: str | None = None) -> dict[str, str]:
    """By name, the SQL of one question or of all.

    Raises: UsageError for a name that does not exist.
    """
    known = {path.rsplit("/", 1)[1]: statement(path) for path in names("questions")}
    if name is None:
        return known
    if name not in known:
        raise UsageError(f"There is no question '{name}'.", hint=f"Known: {', '.join(known)}.")
    return {name: known[name]}


def ask(questions: Mapping[str, str], execute: Callable[[str], list[dict[str, Any]]]) -> list[Answer]:
    """Ask each question of whatever executes Postgres' SQL: the warehouse, or an engine on the lake."""
    return [Answer(name, in_words(text), execute(text)) for name, text in questions.items()]


def in_words(text: str) -> str:
    """A question's first line without its dashes."""
    return text.split("\n", 1)[0].removeprefix("--").strip()
