"""The unit of work of every engine: some pages of bronze become part files of rows, and of refused records."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.lake import bronze, layout
from etl.lake.layout import Stored
from etl.lake.store import Lake
from etl.model import Asked, Dataset, Endpoint, Parsed, Refused

BYTES = 8 * 2**20  # of pages, before compression: what one process takes at a time
ROWS = 131_072  # of a row group


@dataclass(frozen=True)
class Quarantined(Refused):
    """A refused record and where it came from."""

    endpoint: str
    page: int


@dataclass(frozen=True)
class Work:
    """Some pages of a run to be parsed; it can be sent to another process, or to another machine."""

    lake: Lake
    endpoint: str
    run_id: str
    parse: Callable[[bytes, Asked], Parsed]
    layers: Mapping[str, str]
    datasets: tuple[Dataset, ...]
    pages: tuple[bronze.PageEntry, ...]
    number: int


@dataclass(frozen=True)
class Done:
    """What became of it: rows and files by dataset, refused records by kind."""

    pages: int = 0
    records: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    quarantine: tuple[str, ...] = ()
    unknown_fields: frozenset[str] = frozenset()
    first_refusal: Refused | None = None

    def __add__(self, other: Done) -> Done:
        names = {**self.files, **other.files}
        return Done(
            self.pages + other.pages,
            self.records + other.records,
            Counter({name: self.rows[name] + other.rows[name] for name in {**self.rows, **other.rows}}),
            {name: self.files.get(name, ()) + other.files.get(name, ()) for name in names},
            self.kinds + other.kinds,
            self.quarantine + other.quarantine,
            self.unknown_fields | other.unknown_fields,
            self.first_refusal or other.first_refusal,
        )


def works(lake: Lake, endpoint: Endpoint, manifest: bronze.Manifest, layers: Mapping[str, str]) -> list[Work]:
    """A run's pages, cut into pieces of similar size; at least one, so that every dataset gets a file."""
    cuts: list[list[bronze.PageEntry]] = [[]]
    for page in manifest.pages:
        if sum(each.bytes for each in cuts[-1]) >= BYTES:
            cuts.append([])
        cuts[-1].append(page)
    return [
        Work(lake, endpoint.name, manifest.run_id, endpoint.parse, layers, endpoint.datasets, tuple(cut), number)
        for number, cut in enumerate(cuts, start=1)
    ]


def parse(work: Work) -> Done:
    """Parse the pages into part files. Done twice, it writes the same files again."""
    done, files = Done(), {}
    quarantine = layout.refusals(work.endpoint, work.run_id, work.number)
    with ExitStack() as stack:
        writers = {}
        for dataset in work.datasets:
            files[dataset.name] = layout.part(work.layers[dataset.name], dataset.name, work.run_id, work.number)
            into = rows_into(work.lake, files[dataset.name], dataset.schema, dataset.day)
            writers[dataset.name] = stack.enter_context(into)
        stack.enter_context(_uncollected())
        refusals = stack.enter_context(work.lake.create(quarantine))
        for page in work.pages:
            parsed = work.parse(bronze.body(work.lake, page), page.asked)
            for name, batch in parsed.batches.items():
                writers[name].write(batch)
            for refusal in parsed.refused:
                told = Quarantined(**asdict(refusal), endpoint=work.endpoint, page=page.number)
                refusals.write(json.dumps(asdict(told)).encode() + b"\n")
            done += Done(
                pages=1,
                records=parsed.records,
                rows=Counter({name: batch.num_rows for name, batch in parsed.batches.items()}),
                kinds=Counter(refusal.kind for refusal in parsed.refused),
                unknown_fields=parsed.unknown_fields,
                first_refusal=next(iter(parsed.refused), None),
            )
    nothing = Counter(dict.fromkeys(files, 0))
    return done + Done(rows=nothing, files={name: (file,) for name, file in files.items()}, quarantine=(quarantine,))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let no cycles be looked for in lists of millions of numbers, again and again: JSON has none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


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
            if self._day is not None:  # who reads some days can then leave out most of the file
                rows = rows.combine_chunks()
                rows = rows.take(pc.sort_indices(rows[self._day]))
            self._writer.write_table(rows, row_group_size=ROWS)


@contextmanager
def rows_into(lake: Lake, path: str, schema: pa.Schema, day: str | None = None) -> Iterator[RowWriter]:
    """A Parquet file of rows, by `day` if given, that appears when the block ends well."""
    dates = [field.name for field in schema if pa.types.is_date(field.type)]  # no others' bounds let parts be left out
    with (
        lake.create(path) as file,
        pq.ParquetWriter(file, schema, compression="zstd", write_statistics=dates or False) as writer,
    ):
        rows = RowWriter(writer, schema, day)
        yield rows
        rows.flush()


def batches(
    lake: Lake, files: Iterable[str], rows: int = 65_536, columns: list[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Rows of Parquet files, a bounded number at a time; of the columns named those that a file has."""
    for path in files:
        with lake.open(path) as file:
            try:
                stored = pq.ParquetFile(file, pre_buffer=not lake.is_local)  # one request instead of one per column
                for group in range(stored.num_row_groups):
                    yield from stored.iter_batches(batch_size=rows, row_groups=[group], columns=columns)
            except pa.ArrowInvalid as error:
                raise lake.damaged(path) from error


def rows_of(lake: Lake, stored: Stored) -> Iterator[pa.RecordBatch]:
    """The rows that count, with the declared columns: one that an old file lacks is null."""
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
