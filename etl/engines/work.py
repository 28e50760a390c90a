"""The unit of work of every engine: some pages of bronze become part files of rows and of rejected records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field

import pyarrow as pa

from etl.core.garbage import collected_later
from etl.core.pages import PageContext, Parsed, RefusedRecord
from etl.core.source import Endpoint
from etl.core.tables import Dataset
from etl.lake import bronze, layout
from etl.lake.parquet import rows_into
from etl.lake.store import Lake

BYTES = 8 * 2**20  # of pages, before compression, per unit of work


@dataclass(frozen=True)
class Work:
    """Some pages of an extraction to parse; can be sent to another process or machine."""

    lake: Lake
    endpoint: str
    extraction_id: str
    parse: Callable[[bytes, PageContext], Parsed]
    layers: Mapping[str, str]
    datasets: tuple[Dataset, ...]
    pages: tuple[bronze.PageEntry, ...]
    number: int


@dataclass(frozen=True)
class Done:
    """The outcome: rows and files by dataset, rejected records by kind."""

    pages: int = 0
    records: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    quarantine: tuple[str, ...] = ()
    unknown_fields: frozenset[str] = frozenset()
    first_refusal: RefusedRecord | None = None

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


def tasks(lake: Lake, endpoint: Endpoint, manifest: bronze.Manifest, layers: Mapping[str, str]) -> list[Work]:
    """An extraction's pages in units of similar size; at least one, so that every dataset gets a file."""
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
    """Parse the pages into part files. Repeated, it writes the same files again."""
    done, files = Done(), {}
    quarantine = layout.refusals(work.endpoint, work.extraction_id, work.number)
    with ExitStack() as stack:
        writers = {}
        for dataset in work.datasets:
            files[dataset.name] = layout.part(work.layers[dataset.name], dataset.name, work.extraction_id, work.number)
            into = rows_into(work.lake, files[dataset.name], dataset.schema, dataset.day)
            writers[dataset.name] = stack.enter_context(into)
        stack.enter_context(collected_later())
        refusals = None
        for page in work.pages:
            parsed = work.parse(bronze.body(work.lake, page), page.context)
            for name, batch in parsed.batches.items():
                writers[name].write(batch)
            for refusal in parsed.refused:
                where = {"endpoint": work.endpoint, "page": page.number}
                context = {"about": page.about, "received_at": page.received_at}
                refusals = refusals or stack.enter_context(work.lake.create(quarantine))
                refusals.write(json.dumps(asdict(refusal) | where | context).encode() + b"\n")
            done += Done(
                pages=1,
                records=parsed.records,
                rows=Counter({name: batch.num_rows for name, batch in parsed.batches.items()}),
                kinds=Counter(refusal.kind for refusal in parsed.refused),
                unknown_fields=parsed.unknown_fields,
                first_refusal=next(iter(parsed.refused), None),
            )
    pa.default_memory_pool().release_unused()  # a process that waits for its next pages holds little meanwhile
    nothing = Counter(dict.fromkeys(files, 0))
    kept = (quarantine,) if done.kinds else ()
    return done + Done(rows=nothing, files={name: (file,) for name, file in files.items()}, quarantine=kept)
