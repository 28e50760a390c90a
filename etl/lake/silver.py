"""Silver in the lake: typed rows as Parquet, rejected records beside them, and a note of what an extraction became."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import partial, reduce
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from etl.core.garbage import collected_later
from etl.core.intervals import DataInterval
from etl.core.pages import PageContext, Quarantined
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.lake import bronze, layout, notes, parquet
from etl.lake.bronze import RENAMED
from etl.lake.layout import Stored
from etl.lake.store import CONCURRENCY, Lake, StoredFile, map_concurrently


@dataclass(frozen=True)
class Transformed:
    """What the bronze of one extraction became; stored as its note.

    A compacted extraction has no bronze: it holds rows of others, each stretch of days as one of them had it.
    `holds` says which: start, end (exclusive), extraction id.
    `failed_audit`: it was not published because of that audit, and the lake's readers keep what was there before.
    """

    extraction_id: str
    source: str
    origin: str
    interval: tuple[str, str] | None
    records: int = 0
    refused: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)
    quarantine: list[str] = field(default_factory=list)
    unknown_fields: dict[str, list[str]] = field(default_factory=dict)
    holds: list[list[str]] = field(default_factory=list)
    failed_audit: str = ""

    @property
    def is_compacted(self) -> bool:
        return bool(self.holds)


def keep_only(lake: Lake, layer: str, name: str, extraction_id: str, files: Iterable[str]) -> None:
    """Delete files that an earlier attempt left, cut differently or by another engine."""
    for stale in set(lake.list(layout.folder(layer, name, extraction_id))) - set(files):
        lake.delete(stale)


def batches(
    lake: Lake, transformed: Transformed, dataset: Dataset, days: DataInterval | None = None
) -> Iterator[pa.RecordBatch]:
    """A dataset's rows of an extraction, or those of some days, a bounded number at a time."""
    files = transformed.files[dataset.name]
    return parquet.batches(lake, files) if days is None else parquet.rows_of(lake, Stored(dataset, tuple(files), days))


def incomplete_days(lake: Lake, transformed: Transformed, dataset: Dataset) -> dict[date, int]:
    """The days on which something awaited is null, each with the number of such rows."""
    awaited = [column.name for column in dataset.columns if column.is_awaited]
    found: Counter[date] = Counter()
    if dataset.day is None or not awaited:
        return found
    for batch in parquet.batches(lake, transformed.files[dataset.name], columns=[dataset.day, *awaited]):
        is_unknown = reduce(pc.or_, (pc.is_null(batch[name]) for name in awaited))
        found.update(day for day in batch[dataset.day].filter(is_unknown).to_pylist() if day is not None)
    return found


def quarantined(lake: Lake, transformed: Transformed) -> Iterator[Quarantined]:
    """The rejected records of an extraction."""
    for path in transformed.quarantine:
        for line in lake.read(path).splitlines():
            fields = json.loads(line)
            about, received_at = fields.pop("about", None), fields.pop("received_at", None)
            context = None if received_at is None else PageContext(about, datetime.fromisoformat(received_at))
            yield Quarantined(**fields, context=context)


def endpoints_with_rejects(lake: Lake, transformed: Transformed) -> set[str]:
    """The endpoints of which records were rejected."""
    return {path.split("/")[1] for path in transformed.quarantine if lake.read(path)}


def state(lake: Lake, source: Source) -> dict[str, list[Stored]]:
    """By table, the files that hold the newest rows of the source; empty if nothing was transformed.

    For a source with a whole state, its newest extraction; for any other, the newest extraction of each day, and of a
    table without a day, the newest of all.
    """
    if source.serves_everything:
        found = _lazily(lake, source)
        whole = (each for each in found if each.interval is None and not each.is_compacted and not each.failed_audit)
        return _files(source.datasets, [(each, None) for each in islice(whole, 1)])
    newest = newest_by_day(extractions(lake, source))
    last = max(newest, key=lambda share: share[0].extraction_id, default=None)
    undated = [] if last is None else [(last[0], None)]
    return _files(source.with_day, newest) | _files(source.without_day, undated)


def _files(
    datasets: Sequence[Dataset], shares: Sequence[tuple[Transformed, DataInterval | None]]
) -> dict[str, list[Stored]]:
    """By table, the files of these extractions, each with the days that count; nothing, if there are none."""
    return {
        f"silver.{dataset.name}": [Stored(dataset, tuple(each.files[dataset.name]), days) for each, days in shares]
        for dataset in (datasets if shares else ())
    }


def newest_by_day(found: Iterable[Transformed]) -> list[tuple[Transformed, DataInterval]]:
    """Which extraction has the newest rows of which days, the newest days first.

    Those of a whole state are left out, and those that failed an audit, which readers never see.
    Rows of a compacted extraction are as new as the extractions they were read by; between equals, it wins.
    """
    passed = (each for each in found if not each.failed_audit)
    shares = [(reader, each.extraction_id, interval, each) for each in passed for interval, reader in read_by(each)]
    covered: list[DataInterval] = []
    days: dict[str, tuple[Transformed, list[DataInterval]]] = {}
    for _, extraction_id, interval, extraction in sorted(shares, key=lambda share: share[:2], reverse=True):
        days.setdefault(extraction_id, (extraction, []))[1].extend(interval.without(covered))
        covered = joined([*covered, interval])
    newest = [(extraction, interval) for extraction, intervals in days.values() for interval in joined(intervals)]
    return sorted(newest, key=lambda share: share[1], reverse=True)


def joined(intervals: Iterable[DataInterval]) -> list[DataInterval]:
    """The same days as the fewest possible intervals, oldest first."""
    found: list[DataInterval] = []
    for interval in sorted(intervals):
        if found and interval.start <= found[-1].end:
            found[-1] = DataInterval(found[-1].start, max(found[-1].end, interval.end))
        else:
            found.append(interval)
    return found


def read_by(transformed: Transformed) -> list[tuple[DataInterval, str]]:
    """The days it covers, and which extraction read them."""
    if transformed.is_compacted:
        return [(DataInterval.parse(start, end), extraction_id) for start, end, extraction_id in transformed.holds]
    interval = interval_of(transformed)
    return [] if interval is None else [(interval, transformed.extraction_id)]


def latest(lake: Lake, source: Source, interval: DataInterval | None) -> Transformed | None:
    """The newest transformed extraction of that interval; compacted ones bring nothing new."""
    read = (each for each in _lazily(lake, source) if not each.is_compacted)
    return next((each for each in read if bronze.is_about(source, each.interval, interval)), None)


def publishable(lake: Lake, source: Source) -> list[Transformed]:
    """Those that can be published as they are, the newest first."""
    return [each for each in extractions(lake, source) if not each.is_compacted and not each.failed_audit]


def _lazily(lake: Lake, source: Source) -> Iterator[Transformed]:
    """All transformed extractions, the newest first, for whoever needs only a few."""
    paths = lake.list(layout.notes(source.name))[::-1]
    for first in range(0, len(paths), CONCURRENCY):
        yield from map_concurrently(partial(read_note, lake), paths[first : first + CONCURRENCY])


def read(lake: Lake, source: Source, extraction_id: str) -> Transformed | None:
    """What an extraction became, or None if it was not transformed."""
    path = layout.note(source.name, extraction_id)
    return read_note(lake, path) if lake.exists(path) else None


def interval_of(transformed: Transformed) -> DataInterval | None:
    """The interval that an extraction covers; None means everything."""
    return bronze.interval(transformed.interval)


def write(lake: Lake, transformed: Transformed) -> None:
    """Write the note of an extraction; from now on readers of silver see it."""
    path = layout.note(transformed.source, transformed.extraction_id)
    lake.write(path, json.dumps(asdict(transformed)).encode())


def extractions(
    lake: Lake, source: Source, listed: Iterable[StoredFile] | None = None, most: int | None = None
) -> list[Transformed]:
    """All transformed extractions, the newest first, or the first `most`; of the files `listed`, if they were."""
    with collected_later():
        return [_note(lake, path, fields) for path, fields in notes.read_all(lake, source.name, listed, most).items()]


def read_note(lake: Lake, path: str) -> Transformed:
    """Read the note at that path, `silver/_runs/…json`."""
    return _note(lake, path, notes.read(lake, path))


def _note(lake: Lake, path: str, written: Any) -> Transformed:
    try:
        fields = {RENAMED.get(name, name): value for name, value in written.items()}
        if fields["rows"] and "files" not in fields:
            fields |= _first_layout(lake, fields["extraction_id"], fields["rows"])
        note = Transformed(**fields | {"interval": tuple(fields["interval"]) if fields["interval"] else None})
        _ = interval_of(note), read_by(note)  # fail here rather than wherever its days are needed
        return note
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise lake.damaged(path) from error


def _first_layout(lake: Lake, extraction_id: str, tables: Iterable[str]) -> dict[str, Any]:
    """Where the first version kept rows and rejected records, which its notes do not tell: one file of each table."""
    day = layout.day(layout.creation_date(extraction_id))
    refused = {path for path in lake.list("quarantine") if path.endswith(f"/{day}/{extraction_id}.jsonl")}
    return {
        "files": {name: [f"silver/{name}/{day}/part-{extraction_id}.parquet"] for name in tables},
        "quarantine": sorted(path for path in refused if lake.read(path)),
    }
