"""The unit of work of every engine: some pages of bronze become part files of rows, and of refused records."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field

from etl.core.pages import Asked, Parsed, Refused
from etl.core.source import Endpoint
from etl.core.tables import Dataset
from etl.lake import bronze, layout
from etl.lake.parquet import rows_into
from etl.lake.store import Lake

BYTES = 8 * 2**20  # of pages, before compression: what one process takes at a time


@dataclass(frozen=True)
class Work:
    """Some pages of a run to be parsed; it can be sent to another process, or to another machine."""

    lake: Lake
    endpoint: str
    extraction_id: str
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
        Work(lake, endpoint.name, manifest.extraction_id, endpoint.parse, layers, endpoint.datasets, tuple(cut), number)
        for number, cut in enumerate(cuts, start=1)
    ]


def parse(work: Work) -> Done:
    """Parse the pages into part files. Done twice, it writes the same files again."""
    done, files = Done(), {}
    quarantine = layout.refusals(work.endpoint, work.extraction_id, work.number)
    with ExitStack() as stack:
        writers = {}
        for dataset in work.datasets:
            files[dataset.name] = layout.part(work.layers[dataset.name], dataset.name, work.extraction_id, work.number)
            into = rows_into(work.lake, files[dataset.name], dataset.schema, dataset.day)
            writers[dataset.name] = stack.enter_context(into)
        stack.enter_context(_uncollected())
        refusals = stack.enter_context(work.lake.create(quarantine))
        for page in work.pages:
            parsed = work.parse(bronze.body(work.lake, page), page.asked)
            for name, batch in parsed.batches.items():
                writers[name].write(batch)
            for refusal in parsed.refused:
                where = {"endpoint": work.endpoint, "page": page.number}
                asked = {"about": page.about, "received_at": page.received_at}
                refusals.write(json.dumps(asdict(refusal) | where | asked).encode() + b"\n")
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
