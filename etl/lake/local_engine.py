"""The lake asked directly: DuckDB runs the same SQL as the warehouse, transpiled from Postgres' dialect."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot

from etl.errors import ConfigError
from etl.lake import silver
from etl.lake.store import Lake
from etl.model import Source


def transpile(text: str) -> str:
    """A statement in DuckDB's dialect."""
    return sqlglot.transpile(text, read="postgres", write="duckdb")[0]


def engine(lake: Lake, source: Source, gold: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
    """DuckDB with `silver.*` from the newest whole run in the lake and `gold.*` made from it.

    `gold`: by table, the text of its statement. Raises: ConfigError if the lake holds no such run.
    """
    found = silver.latest(lake, source, None)
    if found is None:
        raise ConfigError(f"{lake.url} holds no silver of {source.name}.", hint=f"Run `etl run {source.name}` first.")
    connection = duckdb.connect()
    connection.execute("create schema silver")
    connection.execute("create schema gold")
    for dataset in source.datasets:
        connection.register("rows", _without_zones(silver.table(lake, dataset, found.run_id)))
        connection.execute(f"create table silver.{dataset.name} as from rows")
        connection.unregister("rows")
    for table, text in gold.items():
        connection.execute(f"create table gold.{table} as {transpile(text)}")
    return connection


def rows(connection: duckdb.DuckDBPyConnection, text: str) -> list[dict[str, Any]]:
    """The rows of a statement written for Postgres."""
    result = connection.execute(transpile(text))
    names = [column[0] for column in result.description]
    return [dict(zip(names, map(_in_utc, row), strict=True)) for row in result.fetchall()]


def _without_zones(table: pa.Table) -> pa.Table:
    """Instants as UTC without saying so: DuckDB's time zones are an extension that it would have to download."""
    instants = {field.name for field in table.schema if pa.types.is_timestamp(field.type)}
    fields = [pa.field(f.name, pa.timestamp("us")) if f.name in instants else f for f in table.schema]
    return table.cast(pa.schema(fields))


def _in_utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
