"""The same bytes read and written and nothing else, by what is fastest here: `python -m tests.bench.limit LAKE RUN_ID`.

Prints the seconds of each way as JSON.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import requests

from etl.lake import bronze
from etl.lake.store import Lake
from etl.sources.sensors.contract import VARIABLES

ENDPOINT, TABLE = "sensor_observations", "sensor_readings"
INTO = "(format parquet, compression zstd)"
GOLD = {
    "sensor_region_months": """
        select
            region, date_trunc('month', reading_date) as month, count(*), count(distinct sensor_id),
            sum(is_complete::int), max(temperature_max), min(temperature_min), avg(temperature_avg), avg(precipitation),
            count(*) filter (where temp_category = 'freezing'), count(*) filter (where temp_category = 'hot'),
            count(*) filter (where precipitation_level != 'none')
        from {silver} group by all""",
    "sensor_extremes": """
        select
            arg_max((sensor_id, region, reading_date), temperature_max),
            arg_min((sensor_id, region, reading_date), temperature_min),
            arg_max((sensor_id, region, reading_date), precipitation),
            arg_max((sensor_id, region, reading_date), temperature_range)
        from {silver}""",
    "sensor_quality": """
        select
            date_trunc('month', reading_date) as month, count(*), sum(is_complete::int), count(temperature_max),
            count(temperature_min), count(precipitation), avg(data_quality_score)
        from {silver} group by all""",
}


def main(url: str, extraction_id: str) -> None:
    """Measure each way once; what it writes goes away again."""
    lake = Lake(url)
    entries = bronze.read_manifest(lake, ENDPOINT, extraction_id).pages
    pages = [Path(lake.at(page.file)) for page in entries]
    silver = sorted(map(str, Path(lake.at("silver")).glob(f"{TABLE}/*/{extraction_id}/*.parquet")))
    with tempfile.TemporaryDirectory(dir=Path(lake.at("")), prefix="limit-") as made:
        folder = Path(made)
        told = {
            "receive": _seconds(lambda: _receive([page.url for page in entries], pages, folder)),
            "gunzip": _seconds(lambda: _gunzip(pages)),
            "read": _seconds(lambda: _read(pages)),
            "copy, DuckDB": _seconds(lambda: _copy(silver, folder / "duckdb.parquet")),
            "copy, pyarrow": _seconds(lambda: _rewrite(silver, folder / "pyarrow.parquet")),
            "gold": _seconds(lambda: _aggregate(silver, folder)),
        }
    print(json.dumps(told))


def _seconds(way: Callable[[], None]) -> float:
    begin = time.perf_counter()
    way()
    return time.perf_counter() - begin


def _receive(urls: Sequence[str], pages: Sequence[Path], folder: Path) -> None:
    """The same answers once more, and the files that were made of them."""
    with requests.Session() as api:
        for number, (url, page) in enumerate(zip(urls, pages, strict=True)):
            api.get(url, timeout=60).raise_for_status()
            (folder / f"{number}.json.gz").write_bytes(page.read_bytes())


def _gunzip(pages: Sequence[Path]) -> None:
    """On all cores."""
    with ThreadPoolExecutor() as threads:
        for _ in threads.map(lambda page: len(gzip.decompress(page.read_bytes())), pages):
            pass


def _read(pages: Sequence[Path]) -> None:
    """Every value that they hold, on all cores, as DuckDB reads JSON: believed, and kept nowhere."""
    greatest = ", ".join(f"max({name})" for name in ("time", *VARIABLES))
    columns = ", ".join(f"unnest(daily.{name}) as {name}" for name in ("time", *VARIABLES))
    with _session() as connection:
        connection.read_json([str(page) for page in pages]).create_view("pages")
        connection.execute(f"select {greatest} from (select {columns} from pages)")


def _copy(files: Sequence[str], into: Path) -> None:
    """On all cores."""
    with _session() as connection:
        _scan(connection, files).create_view("silver")
        connection.execute(f"copy silver to '{into}' {INTO}")


def _rewrite(files: Sequence[str], into: Path) -> None:
    with pq.ParquetWriter(into, pq.read_schema(files[0]), compression="zstd") as writer:
        for file in files:
            for batch in pq.ParquetFile(file).iter_batches(131_072):
                writer.write_batch(batch)


def _aggregate(files: Sequence[str], folder: Path) -> None:
    with _session() as connection:
        _scan(connection, files).create_view("silver")
        for name, text in GOLD.items():
            connection.execute(f"copy ({text.format(silver='silver')}) to '{folder / name}.parquet' {INTO}")


def _session() -> duckdb.DuckDBPyConnection:
    """With as much memory as it wants; the order of rows is nobody's concern."""
    return duckdb.connect(config={"preserve_insertion_order": False})


def _scan(connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> duckdb.DuckDBPyRelation:
    return connection.read_parquet(list(files), hive_partitioning=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
