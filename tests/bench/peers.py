"""How others load the same rows; those not installed are left out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import psycopg2
import pyarrow as pa
from psycopg2.extras import execute_values

PAGE_ROWS = 1_000
FileFormat = Literal["parquet", "csv"]


def missing() -> list[str]:
    """Names of the packages that the comparison needs and that are not here."""
    return [name for name in ("dlt", "pandas", "sqlalchemy", "adbc_driver_postgresql") if find_spec(name) is None]


def dataset(file_format: str, *, keyed: bool) -> str:
    """Where dlt puts its table."""
    return f"dlt_{file_format}_{'keyed' if keyed else 'no_key'}"


def dlt_pipeline(dsn: str, folder: Path, name: str) -> Any:
    """A pipeline of dlt's into a schema of that name."""
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    import dlt

    return dlt.pipeline(
        name,
        pipelines_dir=str(folder),
        destination=dlt.destinations.postgres(dsn.replace("@/", "@localhost/")),  # it wants a host; the socket wins
        dataset_name=name,
    )


def dlt_loader(dsn: str, folder: Path, file_format: FileFormat, *, keyed: bool) -> Callable[[pa.Table], float]:
    """dlt's `replace` of a table by an Arrow table, through files of that format.

    dlt makes no key of its own: with `keyed` its table gets ours before the first load that counts, which it keeps.
    """
    name = dataset(file_format, keyed=keyed)
    pipeline = dlt_pipeline(dsn, folder, name)

    def load(table: pa.Table) -> float:
        begin = time.perf_counter()
        pipeline.run(
            table, table_name="readings", write_disposition="replace", loader_file_format=file_format
        ).raise_on_failed_jobs()
        return time.perf_counter() - begin

    def load_warm(table: pa.Table) -> float:
        if pipeline.first_run:
            load(table.slice(0, 1_000))
            if keyed:
                with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
                    cursor.execute(f"alter table {name}.readings add primary key (sensor_id, reading_date)")
        return load(table)

    return load_warm


def to_sql(dsn: str, table: pa.Table) -> float:
    """pandas: `to_sql(method="multi")` into the keyed table."""
    from sqlalchemy import create_engine

    engine = create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(dsn))
    begin = time.perf_counter()
    table.to_pandas().to_sql(
        "raw_readings", engine, schema="public", if_exists="append", index=False, method="multi", chunksize=PAGE_ROWS
    )
    seconds = time.perf_counter() - begin
    engine.dispose()
    return seconds


def insert_values(dsn: str, table: pa.Table) -> float:
    """psycopg2: `execute_values` into the keyed table."""
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        begin = time.perf_counter()
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        execute_values(cursor, "insert into public.raw_readings values %s", rows, page_size=PAGE_ROWS)
        connection.commit()
        return time.perf_counter() - begin
