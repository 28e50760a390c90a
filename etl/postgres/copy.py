"""Arrow batches into a table by binary COPY: pgpq encodes, Postgres reads, both at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder
from psycopg2 import sql

from etl.postgres.connection import Warehouse


def copy_batches(
    warehouse: Warehouse, schema_name: str, table: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> int:
    """Append the batches to a table and return the number of rows. Memory holds one batch at a time.

    Rows do not arrive frozen, although they could in a new table: a snapshot older than the load would see them.
    """
    encoded = Encoded(schema, batches)
    columns = sql.SQL(", ").join(map(sql.Identifier, schema.names))
    target = sql.Identifier(schema_name, table)
    warehouse.copy(sql.SQL("copy {} ({}) from stdin with (format binary)").format(target, columns), encoded)
    return encoded.rows


class Encoded:
    """The COPY stream as the file object that psycopg2 reads from."""

    def __init__(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        self.rows = 0
        self._chunks = self._encode(schema, batches)
        self._chunk = memoryview(b"")

    def read(self, size: int) -> bytes:
        while not self._chunk:
            try:
                self._chunk = memoryview(next(self._chunks))
            except StopIteration:
                return b""
        part, self._chunk = self._chunk[:size], self._chunk[size:]
        return bytes(part)

    def _encode(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
        encoder = ArrowToPostgresBinaryEncoder(schema)
        yield encoder.write_header()
        for batch in batches:
            self.rows += batch.num_rows
            yield encoder.write_batch(batch)
        yield encoder.finish()
