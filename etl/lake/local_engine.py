"""The lake asked directly: DuckDB runs the same SQL as the warehouse, transpiled from Postgres' dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
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
    connection = duckdb.connect(config={"TimeZone": "UTC"})
    connection.execute("create schema silver")
    connection.execute("create schema gold")
    for dataset in source.datasets:
        rows = silver.table(lake, dataset, found.run_id)
        connection.register("rows", rows)
        connection.execute(f"create table silver.{dataset.name} as from rows")
        connection.unregister("rows")
    for table, text in gold.items():
        connection.execute(f"create table gold.{table} as {transpile(text)}")
    return connection


def rows(connection: duckdb.DuckDBPyConnection, text: str) -> list[dict[str, Any]]:
    """The rows of a statement written for Postgres."""
    result = connection.execute(transpile(text))
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
