"""The three engines: a case in; out, for each table made, its rows and types as the engine itself returns them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import psycopg2
import pyarrow as pa
from psycopg2.extras import execute_values

from etl.engines.dialects import transpile
from tests.engines.cases import Case
from tests.facts import POSTGRES

ARROW = {name: kind for kind, name in POSTGRES.items()}


@dataclass(frozen=True)
class Answer:
    """Columns with their types, and rows in an order that depends on nothing but the rows."""

    columns: tuple[tuple[str, pa.DataType | str], ...]
    rows: list[tuple[Any, ...]]

    def records(self) -> list[dict[str, Any]]:
        return [dict(zip((name for name, _ in self.columns), row, strict=True)) for row in self.rows]

    def bits(self) -> list[tuple[Any, ...]]:
        """The rows with doubles as their bits, so that 0 is not -0."""
        return [tuple(map(_bits, row)) for row in self.rows]


Answers = dict[str, Answer]


def answer(columns: list[tuple[str, Any]], rows: list[tuple[Any, ...]]) -> Answer:
    return Answer(tuple(columns), sorted(rows, key=lambda row: [(value is None, _orderly(value)) for value in row]))


def of_arrow(found: pa.Table) -> Answer:
    columns = [(field.name, _in_utc(field.type)) for field in found.schema]
    return answer(columns, [tuple(map(_with_zone, row.values())) for row in found.to_pylist()])


def in_postgres(dsn: str, case: Case) -> Answers:
    """In a database of its own, in a session whose time zone is none that anything may depend on."""
    answers = {}
    with _owner(dsn) as cursor:
        cursor.execute("set time zone 'America/St_Johns'")
        for schema in ("parsed", "silver", "gold", "previous"):
            cursor.execute(f"create schema {schema}")
        for name, table in case.tables.items():
            columns = [f"{field.name} {POSTGRES[field.type]}" for field in table.schema]
            columns = [f'{column} collate "C"' if column.endswith(" text") else column for column in columns]
            cursor.execute(f"create table {name} ({', '.join(columns)})")
            rows = [tuple(row.values()) for row in table.to_pylist()]
            kinds = [f"%s::{POSTGRES[field.type]}" for field in table.schema]
            execute_values(cursor, f"insert into {name} values %s", rows, f"({', '.join(kinds)})")
        cursor.execute("select oid, format_type(oid, null) from pg_type")
        types = dict(cursor.fetchall())
        for name, text in case.makes.items():
            cursor.execute(f"create table {name} as {text}")
            cursor.execute(f"select * from {name}")
            columns = [
                (column.name, ARROW.get(types[column.type_code], types[column.type_code]))
                for column in cursor.description
            ]
            answers[name] = answer(columns, [tuple(map(_with_zone, row)) for row in cursor.fetchall()])
    return answers


def in_duckdb(case: Case) -> Answers:
    """Instants are given as the lake gives them: in UTC, without saying so."""
    answers = {}
    with duckdb.connect() as connection:
        for name, table in case.tables.items():
            zoneless = [
                pa.field(f.name, pa.timestamp("us") if pa.types.is_timestamp(f.type) else f.type) for f in table.schema
            ]
            connection.register(flat(name), table.cast(pa.schema(zoneless)))
        for name, text in case.makes.items():
            connection.execute(f"create table {flat(name)} as {transpile(text, 'duckdb', flat)}")
            answers[name] = of_arrow(connection.table(flat(name)).to_arrow_table())
    return answers


def flat(table: str) -> str:
    """A view of Spark's has no schema."""
    return table.replace(".", "__")


@contextmanager
def _owner(dsn: str) -> Iterator[Any]:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    try:
        yield connection.cursor()
    finally:
        connection.close()


def _with_zone(value: Any) -> Any:
    return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC) if isinstance(value, datetime) else value


def _in_utc(kind: pa.DataType) -> pa.DataType:
    return pa.timestamp("us", tz="UTC") if kind == pa.timestamp("us") else kind


def _orderly(value: Any) -> Any:
    return 0 if value is None else value


def _bits(value: Any) -> Any:
    return struct.pack(">d", value).hex() if isinstance(value, float) else value
