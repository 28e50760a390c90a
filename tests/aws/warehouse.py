"""A Postgres that stands for RDS: a server of its own, whose owner has the rights that RDS gives, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg2

from etl.postgres import embedded
from tests.aws.cloud.place import Place

OWNER = "warehouse_owner"


@contextmanager
def rds(folder: Path, place: Place) -> Iterator[str]:
    """A database `warehouse` without anything in it, which tasks reach instead of RDS. Yields a superuser's DSN."""
    with embedded.server(folder / "rds") as dsn:
        with _session(dsn.replace(f"/{embedded.DATABASE}?", "/postgres?")) as cursor:
            cursor.execute(f"create role {OWNER} login createrole createdb")
            cursor.execute(f"grant pg_monitor to {OWNER} with admin option")
            cursor.execute(f"alter database {embedded.DATABASE} owner to {OWNER}")
        socket = parse_qs(urlsplit(dsn).query)["host"][0]
        (place.folder / "stand-ins.json").write_text(json.dumps({"PGHOST": socket, "PGSSLMODE": "disable"}))
        yield dsn


def content(dsn: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of silver and gold, without what says when they were read."""
    with _session(dsn) as cursor:
        cursor.execute(
            "select table_schema, table_name, string_agg(quote_ident(column_name), ', ' order by ordinal_position)"
            " from information_schema.columns where table_schema in ('silver', 'gold')"
            " and column_name not in ('received_at', 'processed_at') group by 1, 2"
        )
        found = {}
        for schema, table, columns in cursor.fetchall():
            cursor.execute(f"select {columns} from {schema}.{table} order by {columns}")
            found[f"{schema}.{table}"] = cursor.fetchall()
        return found


@contextmanager
def _session(dsn: str) -> Iterator[Any]:
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        yield connection.cursor()
