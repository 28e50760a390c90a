"""Lints for statements that three engines run: what means something else in another, though it translates."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from tests.engines.cases import BEFORE, MADE, RUN, SOURCES
from tests.facts import POSTGRES

KIND = exp.DataType.Type
WHOLE = exp.DataType.INTEGER_TYPES
DOUBLE = {KIND.DOUBLE}
DAYS = {KIND.DATE, KIND.INTERVAL, *exp.DataType.TEMPORAL_TYPES}
PLACES = (exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)


class NullsAreSmall(Postgres):
    """Reads an order that does not say where nulls go as the opposite of what Postgres does."""

    NULL_ORDERING = "nulls_are_small"


def _schema() -> dict[str, dict[str, dict[str, str]]]:
    declared = {f"silver.{dataset.name}": dataset.schema for source in SOURCES for dataset in source.datasets}
    parsed = {f"parsed.{dataset.name}": dataset.schema for source in SOURCES for dataset in source.parsed}
    gold = {name: dataset.schema for name, dataset in MADE.items()} | {n: t.schema for n, t in BEFORE.items()}
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for name, columns in (declared | parsed | gold | {"parsed.run": RUN.schema}).items():
        folder, table = name.split(".")
        schema.setdefault(folder, {})[table] = {field.name: _kind(field.type) for field in columns}
    return schema


def _kind(kind: pa.DataType) -> str:
    return POSTGRES[kind]


SCHEMA = _schema()


def faults(text: str) -> list[str]:
    """What would not be the same everywhere, each with the words that say it."""
    written = sqlglot.parse_one(text, read="postgres")
    typed = qualify(written.copy(), schema=SCHEMA, dialect="postgres").transform(_exact)
    typed = annotate_types(typed, SCHEMA, dialect="postgres")
    return sorted({*_unordered(text, written), *_of_types(typed)})


def _exact(node: exp.Expr) -> exp.Expr:
    """A number with a point is no double in Postgres, though SQLGlot takes it for one."""
    is_decimal = isinstance(node, exp.Literal) and not node.is_string and "." in node.name
    return exp.cast(node, "decimal(18, 9)", copy=True) if is_decimal else node


def _unordered(text: str, written: exp.Expr) -> Iterator[str]:
    elsewhere = sqlglot.parse_one(text, read=NullsAreSmall)
    for here, there in zip(written.find_all(exp.Ordered), elsewhere.find_all(exp.Ordered), strict=True):
        if here.args.get("nulls_first") != there.args.get("nulls_first"):
            yield f"order without nulls first or nulls last: {_said(here)}"
    for limit in written.find_all(exp.Limit):
        if limit.parent and not limit.parent.args.get("order"):
            yield f"limit without order: {_said(limit)}"
    for node in written.find_all(*PLACES):
        window = node.find_ancestor(exp.Window)
        if window and not window.args.get("order") and not window.args.get("alias"):
            yield f"a place in no order: {_said(window)}"


def _of_types(typed: exp.Expr) -> Iterator[str]:
    for node in typed.walk():
        match node:
            case exp.Div() if not {node.this.type.this, node.expression.type.this} & DOUBLE:
                yield f"/ of what is no double: {_said(node)}"
            case exp.Add() | exp.Sub() if {node.this.type.this, node.expression.type.this} & DAYS:
                yield f"arithmetic of dates: {_said(node)}"
            case exp.Interval():
                yield f"an interval: {_said(node)}"
            case exp.Cast() if node.to.this == KIND.DECIMAL and not node.to.expressions:
                yield f"numeric without precision: {_said(node)}"
            case exp.Cast() if node.to.this in WHOLE and not _is_whole(node.this):
                yield f"a cast that rounds: {_said(node)}"
            case exp.Round() if node.args.get("decimals") or node.this.type.this not in DOUBLE:
                yield f"round of what is no double, or to decimals: {_said(node)}"
            case exp.Cast() | exp.Extract() | exp.TimestampTrunc() if _depends_on_the_session(node):
                yield f"a day of the session's time zone: {_said(node)}"
            case exp.GroupConcat() | exp.ArrayAgg():
                yield f"rows in one value, in any order: {_said(node)}"
            case exp.Avg():
                yield f"avg, exact here, a double there: {_said(node)}"
            case exp.Sum() if node.this.type.this not in WHOLE:
                yield f"sum of what is not whole depends on the order: {_said(node)}"


def _depends_on_the_session(node: exp.Cast | exp.Extract | exp.TimestampTrunc) -> bool:
    if isinstance(node, exp.Extract):
        return node.name.lower() != "epoch" and node.expression.type.this == KIND.TIMESTAMPTZ
    is_day = not isinstance(node, exp.Cast) or node.to.this == KIND.DATE
    return is_day and node.this.type.this == KIND.TIMESTAMPTZ


def _is_whole(value: exp.Expr) -> bool:
    """Whether nothing is left to round, be it no integer: a sum of integers, a rounded double, a year."""
    if isinstance(value, exp.Window | exp.Paren):
        return _is_whole(value.this)
    if isinstance(value, exp.Extract):
        return value.name.lower() != "epoch"
    return isinstance(value, exp.Round | exp.Sum | exp.Count) or value.type.this in WHOLE


def _said(node: exp.Expr) -> str:
    return node.sql("postgres", comments=False)
