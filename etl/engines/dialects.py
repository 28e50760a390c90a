"""Statements written for Postgres, for the engines of the lake: SQLGlot translates, and here is mended what it misses.

What no translation can mend, as it depends on types that a text does not tell, a statement must not say: tests/engines/
has a lint for each. Rows are the same bit by bit where instants are without zones (DuckDB) or the session is in UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import sqlglot
from sqlglot import exp

Dialect = Literal["duckdb", "spark"]

MICROSECONDS = {"duckdb": "epoch_us", "spark": "unix_micros"}


def as_it_is(table: str) -> str:
    """A table's name where the engine knows schemas."""
    return table


def without_schema(table: str) -> str:
    """Its name where the engine knows none: `silver.readings` is called `silver__readings`."""
    return table.replace(".", "__")


@cache
def transpile(text: str, dialect: Dialect, name: Callable[[str], str] = as_it_is) -> str:
    """A statement in another dialect; `name` tells what a table `schema.table` is called there."""

    statement = sqlglot.parse_one(text, read="postgres")
    for node in reversed(list(statement.dfs())):  # what is inside first
        mended = _mended(node, dialect, name)
        if mended is not node:
            node.replace(mended)
    return statement.sql(dialect, comments=False)


@dataclass(frozen=True)
class Step:
    """A step of a statement: what it is called, its own text, and how often what comes after names it."""

    name: str
    text: str
    named: int


def steps(text: str) -> tuple[list[Step], str]:
    """The steps before a statement's last select, in their order, and that select; all as written for Postgres."""
    statement = sqlglot.parse_one(text, read="postgres")
    named = Counter(table.name for table in statement.find_all(exp.Table) if not table.db)
    before = statement.find(exp.With)
    if before is None:
        return [], text
    found = [Step(step.alias, step.this.sql("postgres"), named[step.alias]) for step in before.expressions]
    before.pop()
    return found, statement.sql("postgres")


def _mended(node: exp.Expr, dialect: Dialect, name: Callable[[str], str]) -> exp.Expr:
    match node:
        case exp.Table() if node.db:
            return exp.to_table(name(f"{node.db}.{node.name}"), alias=node.alias_or_name)
        case exp.Round() if not node.args.get("decimals"):
            return _half_to_even(node.this, dialect)
        case exp.Extract() if node.name.lower() == "epoch":
            return _seconds(node.expression, dialect)
        case exp.Collate():
            return _without_collation(node)
    return node


def _half_to_even(value: exp.Expr, dialect: Dialect) -> exp.Expr:
    """As Postgres rounds a double; the others' `round` goes away from zero."""
    return exp.func("round_even", value, exp.Literal.number(0)) if dialect == "duckdb" else exp.func("rint", value)


def _seconds(instant: exp.Expr, dialect: Dialect) -> exp.Expr:
    """An exact number as in Postgres; DuckDB would give a double, Spark nothing."""
    micros = exp.cast(exp.func(MICROSECONDS[dialect], instant), "decimal(18, 0)")
    return exp.Paren(this=exp.Mul(this=micros, expression=exp.Literal.number("0.000001")))


def _without_collation(node: exp.Collate) -> exp.Expr:
    """Both order text by its bytes, as Postgres does with "C"."""
    value: exp.Expr = node.this
    return value
