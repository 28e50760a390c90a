"""Parquet files of rows: written a row group at a time, read a bounded number of rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.lake.layout import Stored
from etl.lake.store import Lake

ROWS = 131_072  # of a row group
FIELD_ID = b"PARQUET:field_id"


class RowWriter:
    """Gathers batches into row groups; with `day` it keeps all rows until the end, to order them by that column."""

    def __init__(self, writer: pq.ParquetWriter, schema: pa.Schema, day: str | None = None) -> None:
        self._writer, self._schema, self._day = writer, schema, day
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self.rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        self.rows += batch.num_rows
        if self._waiting_rows >= ROWS and self._day is None:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            rows = pa.Table.from_batches(self._waiting, self._schema)
            self._waiting, self._waiting_rows = [], 0
            if self._day is not None:  # so that reading a few days can skip most of the file
                rows = rows.combine_chunks()
                rows = rows.take(pc.sort_indices(rows[self._day]))
            self._writer.write_table(rows, row_group_size=ROWS)


@contextmanager
def rows_into(lake: Lake, path: str, schema: pa.Schema, day: str | None = None) -> Iterator[RowWriter]:
    """A Parquet file of rows, by `day` if given, that appears once the block succeeds."""
    with (
        lake.create(path) as file,
        pq.ParquetWriter(file, schema, compression="zstd", write_statistics=_bounded(schema)) as writer,
    ):
        rows = RowWriter(writer, schema, day)
        yield rows
        rows.flush()


def _bounded(schema: pa.Schema) -> list[str] | bool:
    """The columns whose bounds are kept: all of a table, which anybody reads; elsewhere dates, as we use them."""
    if any(FIELD_ID in (field.metadata or {}) for field in schema):
        return True
    return [field.name for field in schema if pa.types.is_date(field.type)] or False


def write_months(
    lake: Lake, path: Callable[[int], str], schema: pa.Schema, day: str, rows: Iterable[pa.RecordBatch]
) -> list[tuple[str, int]]:
    """Write rows in the order of their days, a file for each month: path(202405) for May 2024. Returns their counts."""
    written = []
    for month, batches in groupby(_cut_by_month(rows, day), key=itemgetter(0)):
        with rows_into(lake, path(month), schema) as file:
            for _, batch in batches:
                file.write(batch.cast(schema))
        written.append((path(month), file.rows))
    return written


def _cut_by_month(rows: Iterable[pa.RecordBatch], day: str) -> Iterator[tuple[int, pa.RecordBatch]]:
    for batch in rows:
        days: Any = batch[day]
        months = pc.add(pc.multiply(pc.year(days), 100), pc.month(days)).to_pylist()
        start = 0
        for month, equal in groupby(months):
            length = len(list(equal))
            yield month, batch.slice(start, length)
            start += length


def columns(lake: Lake, path: str) -> list[str]:
    """The names of a file's columns, in their order."""
    with lake.open(path) as file:
        try:
            return list(pq.read_schema(file).names)
        except pa.ArrowInvalid as error:
            raise lake.damaged(path) from error


def batches(
    lake: Lake, files: Iterable[str], rows: int = 65_536, columns: list[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Rows of Parquet files, a bounded number at a time; columns that a file lacks are left out."""
    for path in files:
        with lake.open(path) as file:
            try:
                stored = pq.ParquetFile(file, pre_buffer=not lake.is_local)  # one request instead of one per column
                for group in range(stored.num_row_groups):
                    yield from stored.iter_batches(batch_size=rows, row_groups=[group], columns=columns)
            except pa.ArrowInvalid as error:
                raise lake.damaged(path) from error


def count_rows(lake: Lake, shares: Iterable[Stored]) -> int:
    """How many rows count."""
    return sum(
        _of_days(batch, stored).num_rows
        for stored in shares
        for batch in batches(lake, stored.files, columns=[stored.dataset.day or stored.dataset.key[0]])
    )


def rows_of(lake: Lake, stored: Stored) -> Iterator[pa.RecordBatch]:
    """The rows that count, with the declared columns; a column that an older file lacks is null."""
    schema = stored.dataset.schema
    for batch in batches(lake, stored.files, columns=schema.names):
        kept = _of_days(batch, stored)
        has = set(kept.schema.names)
        columns = [kept[c.name].cast(c.type) if c.name in has else pa.nulls(len(kept), c.type) for c in schema]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _of_days(batch: pa.RecordBatch, stored: Stored) -> pa.RecordBatch:
    if stored.days is None or stored.dataset.day is None:
        return batch
    days = batch[stored.dataset.day]
    begun = pc.greater_equal(days, pa.scalar(stored.days.start))
    return batch.filter(pc.and_(begun, pc.less(days, pa.scalar(stored.days.end))))
