"""The questions under sql/questions/<source>/, asked of gold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from etl.core.errors import UsageError
from etl.sql.statements import folder, names, statement

TABLE = re.compile(r"\b(?:from|join)\s+(?:silver|gold)\.(\w+)")


@dataclass(frozen=True)
class Answer:
    """A question in words, and its rows."""

    name: str
    question: str
    rows: list[dict[str, Any]]


def texts(source: str, name: str | None = None) -> dict[str, str]:
    """By name, the SQL of one question about a source or of all."""
    known = {path.rsplit("/", 1)[1]: statement(path) for path in names(f"questions/{source}")}
    return known if name is None else {name: known[name]}


def source_of(name: str) -> str:
    """The source that a question is about.

    Raises: UsageError for a name that does not exist.
    """
    known = {file.stem: file.parent.name for file in sorted((folder() / "questions").glob("*/*.sql"))}
    if name not in known:
        raise UsageError(f"There is no question '{name}'.", hint=f"Known: {', '.join(known)}.")
    return known[name]


def tables(text: str) -> frozenset[str]:
    """The tables of silver and gold that a question reads, without their schema."""
    return frozenset(TABLE.findall(text))


def ask(questions: Mapping[str, str], execute: Callable[[str], list[dict[str, Any]]]) -> list[Answer]:
    """Ask each question of whatever executes Postgres' SQL: the warehouse, or an engine on the lake."""
    return [Answer(name, in_words(text), execute(text)) for name, text in questions.items()]


def in_words(text: str) -> str:
    """A question's first line without its dashes."""
    return text.split("\n", 1)[0].removeprefix("--").strip()
