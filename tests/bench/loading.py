"""Loads the same rows in every way, one after the other, round after round, so that a noisy moment hits all alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from tests.bench import peers, readings, warehouse

BY_KEY, BY_DAY = "by key", "by day"
SLOW_SHARE = 20  # what is slow loads this part of the rows


@dataclass
class Way:
    """One way of loading: `load(round)` returns seconds and, for ours, where they went."""

    name: str
    about: str
    rows: int
    load: Callable[[int], warehouse.Loaded]
    order: str = BY_KEY
    rounds: int | None = None
    loads: list[warehouse.Loaded] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return statistics.median(load.seconds for load in self.loads)

    @property
    def rows_per_s(self) -> float:
        return self.rows / self.seconds

    def parts(self) -> dict[str, float]:
        """Median seconds by part."""
        return {name: statistics.median(load.parts[name] for load in self.loads) for name in self.loads[0].parts}


def measure(dsn: str, folder: Path, rows: int, rounds: int, say: Callable[[str], None]) -> list[Way]:
    """Load in every way that is possible here, `rounds` times each, slow ones less often."""
    ways = [*_ours_and_raw(dsn, rows), *_peers(dsn, folder, rows)]
    for number in range(rounds):
        for way in ways:
            if number < (way.rounds or rounds):
                warehouse.checkpoint(dsn)
                way.loads.append(way.load(number))
                say(f"round {number + 1}: {way.name}, {way.order}: {way.loads[-1].seconds:.2f} s")
    return ways


def _ours_and_raw(dsn: str, rows: int) -> Iterator[Way]:
    for order in (BY_KEY, BY_DAY):
        by_day = order == BY_DAY
        # Two contents, so that a replacement really changes what is published.
        contents = [list(readings.batches(rows, revision, by_day=by_day)) for revision in (0, 7)]
        yield from _in_one_order(dsn, rows, order, contents)


def _in_one_order(dsn: str, rows: int, order: str, contents: list[list[pa.RecordBatch]]) -> Iterator[Way]:
    def first(_number: int) -> warehouse.Loaded:
        warehouse.reset(dsn)
        warehouse.checkpoint(dsn)
        return _checked(dsn, rows, warehouse.publish(dsn, contents[0]), "silver.bench_readings")

    def again(_number: int) -> warehouse.Loaded:
        return _checked(dsn, rows, warehouse.publish(dsn, contents[1]), "silver.bench_readings")

    def raw(*, keyed: bool = True, truncate: bool = False, make: bool = False) -> Callable[[int], warehouse.Loaded]:
        def load(_number: int) -> warehouse.Loaded:
            if not truncate:
                warehouse.make_raw(dsn, keyed=keyed)
            taken = warehouse.copy_raw(dsn, contents[truncate], truncate=truncate, make=make)
            return _checked(dsn, rows, taken, "public.raw_readings")

        return load

    yield Way("ours, first", "publish into an empty table", rows, first, order)
    yield Way("raw", "raw binary COPY into an empty keyed table: **the limit**", rows, raw(), order)
    yield Way("ours, again", "publish, replacing as many published rows, all changed", rows, again, order)
    yield Way("raw, again", "raw `truncate` and binary COPY, keyed", rows, raw(truncate=True), order)
    yield Way(
        "raw, made", "raw binary COPY into a keyed table created in the same transaction", rows, raw(make=True), order
    )
    if order == BY_KEY:
        yield Way("raw, no key", "raw binary COPY into an empty table without a key", rows, raw(keyed=False), order)


def _peers(dsn: str, folder: Path, rows: int) -> Iterator[Way]:
    if peers.missing():
        return
    table = pa.Table.from_batches(readings.batches(rows, 0))
    formats: tuple[peers.FileFormat, ...] = ("parquet", "csv")
    for file_format in formats:
        for keyed in (True, False):
            load = peers.dlt_loader(dsn, folder / "dlt", file_format, keyed=keyed)
            through = "Parquet and ADBC" if file_format == "parquet" else "CSV"
            about = f"dlt `replace` through {through}, into a table {'with our' if keyed else 'without a'} key"
            dataset = peers.dataset(file_format, keyed=keyed)
            yield Way(
                dataset, about, rows, _peer(dsn, f"{dataset}.readings", table, load), rounds=3 if not keyed else None
            )
    few = table.slice(0, rows // SLOW_SHARE)
    for name, about, insert in (
        ("execute_values", "psycopg2 `execute_values`, keyed", peers.insert_values),
        ("to_sql", 'pandas `to_sql(method="multi")`, keyed', peers.to_sql),
    ):
        yield Way(name, about, len(few), _inserting(dsn, few, insert), rounds=3)


def _peer(
    dsn: str, target: str, table: pa.Table, load: Callable[[pa.Table], float]
) -> Callable[[int], warehouse.Loaded]:
    return lambda _number: _checked(dsn, len(table), warehouse.Loaded(load(table), {}), target)


def _inserting(
    dsn: str, table: pa.Table, insert: Callable[[str, pa.Table], float]
) -> Callable[[int], warehouse.Loaded]:
    def load(_number: int) -> warehouse.Loaded:
        warehouse.make_raw(dsn, keyed=True)
        return _checked(dsn, len(table), warehouse.Loaded(insert(dsn, table), {}), "public.raw_readings")

    return load


def _checked(dsn: str, rows: int, loaded: warehouse.Loaded, table: str) -> warehouse.Loaded:
    """The load, if the rows really are there."""
    found = warehouse.count(dsn, table)
    if found != rows:
        raise AssertionError(f"{table} has {found} rows, not {rows}")
    return loaded
