"""Translates statements written for Postgres, for the lake's engines, Redshift and Athena: SQLGlot, and what it misses.

A statement must not use what cannot be translated because it depends on types that the text does not show:
tests/engines/ has a lint for each case. Rows are identical bit for bit where timestamps have no zone (DuckDB) or the
session is in UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import sqlglot
from sqlglot import exp

Dialect = Literal["duckdb", "spark", "redshift", "athena"]

WAREHOUSES = ("redshift", "athena")
MICROSECONDS = {"duckdb": "epoch_us", "spark": "unix_micros"}


def unchanged(table: str) -> str:
    """A table's name, for an engine that has schemas."""
    return table


def without_schema(table: str) -> str:
    """A table's name, for an engine without schemas: `silver.readings` becomes `silver__readings`."""
    return table.replace(".", "__")


@cache
def transpile(text: str, dialect: Dialect, name: Callable[[str], str] = unchanged, *, pretty: bool = False) -> str:
    """A statement in another dialect; `name` gives the name there of a table `schema.table`."""

    statement = sqlglot.parse_one(text, read="postgres")
    for node in reversed(list(statement.dfs())):  # innermost first
        adapted = _adapted(node, dialect, name)
        if adapted is not node:
            node.replace(adapted)
    return statement.sql(dialect, comments=False, pretty=pretty)


@dataclass(frozen=True)
class Step:
    """A step (CTE) of a statement: its name, its own text, and how often later ones refer to it."""

    name: str
    text: str
    references: int


def steps(text: str) -> tuple[list[Step], str]:
    """The steps before a statement's final select, in order, and that select; all as written for Postgres."""
    statement = sqlglot.parse_one(text, read="postgres")
    references = Counter(table.name for table in statement.find_all(exp.Table) if not table.db)
    before = statement.find(exp.With)
    if before is None:
        return [], text
    found = [Step(step.alias, step.this.sql("postgres"), references[step.alias]) for step in before.expressions]
    before.pop()
    return found, statement.sql("postgres")


def _adapted(node: exp.Expr, dialect: Dialect, name: Callable[[str], str]) -> exp.Expr:
    match node:
        case exp.Table() if node.db:
            return exp.to_table(name(f"{node.db}.{node.name}"), alias=node.alias_or_name)
        case exp.Round() if not node.args.get("decimals"):
            return _half_to_even(node.this, dialect)
        case exp.Extract() if node.name.lower() == "epoch":
            return node if dialect in WAREHOUSES else _seconds(node.expression, dialect)
        case exp.Collate():
            return _without_collation(node)
    return node if dialect == "spark" else _without_zones(node, dialect)


def _without_zones(node: exp.Expr, dialect: Dialect) -> exp.Expr:
    """What they lack: instants with a zone, which our tables there do without, and Redshift filters of aggregates."""
    match node:
        case exp.Filter() if dialect == "redshift":
            return _counted(node)
        case exp.AtTimeZone():
            value: exp.Expr = node.this
            return value
        case exp.DataType() if node.this == exp.DataType.Type.TIMESTAMPTZ:
            return exp.DataType.build("timestamp")
        case exp.Substring() if isinstance(start := node.args.get("start"), exp.Literal) and start.is_string:
            if dialect != "redshift":
                return exp.func("regexp_extract", node.this, start, exp.Literal.number(int("(" in start.name)))
            return exp.func("regexp_substr", node.this, start, "1", "1", exp.Literal.string("e"))
    return node


def _counted(filtered: exp.Filter) -> exp.Expr:
    """An aggregate of some rows, as one of values that are null in the others."""
    aggregate, condition = filtered.this.copy(), filtered.expression.this
    value = exp.Literal.number(1) if isinstance(aggregate.this, exp.Star) else aggregate.this
    aggregate.set("this", exp.Case(ifs=[exp.If(this=condition.copy(), true=value)]))
    found: exp.Expr = aggregate
    return found


def _half_to_even(value: exp.Expr, dialect: Dialect) -> exp.Expr:
    """Postgres rounds the ties of a double to even; the others' `round` rounds them away from zero.

    Redshift's documents do not say what it does: half of a tie is none, so there it does not matter.
    """
    if dialect in WAREHOUSES:
        text = "case when abs({0} - trunc({0})) = 0.5 then 2 * round({0} / 2) else round({0}) end"
        return sqlglot.parse_one(text.format(f"({value.sql('postgres')})"), read="postgres")
    return exp.func("round_even", value, exp.Literal.number(0)) if dialect == "duckdb" else exp.func("rint", value)


def _seconds(instant: exp.Expr, dialect: Dialect) -> exp.Expr:
    """An exact number as in Postgres; DuckDB would give a double, Spark nothing. A date begins at midnight, UTC."""
    if dialect == "spark":
        instant = exp.cast(instant, "timestamptz")
    micros = exp.cast(exp.func(MICROSECONDS[dialect], instant), "decimal(18, 0)")
    return exp.Paren(this=exp.Mul(this=micros, expression=exp.Literal.number("0.000001")))


def _without_collation(node: exp.Collate) -> exp.Expr:
    """Both engines sort text by bytes anyway, as Postgres does with "C"."""
    value: exp.Expr = node.this
    return value
