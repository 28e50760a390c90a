"""Silver in the lake: typed rows as Parquet, refused records beside them, and a note of what a run became."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial

import pyarrow as pa

from etl.core.intervals import DataInterval
from etl.core.pages import Asked, Quarantined
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.lake import bronze, layout, parquet
from etl.lake.bronze import RENAMED
from etl.lake.layout import Stored
from etl.lake.store import AT_ONCE, Lake, side_by_side


@dataclass(frozen=True)
class Transformed:
    """What one run's bronze became.

    A compacted run has no bronze: it holds rows of other runs, each stretch of days as one of them had it.
    `holds` tells which: first day, first day that is left out, run id.
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

    @property
    def is_compacted(self) -> bool:
        return bool(self.holds)


def keep_only(lake: Lake, layer: str, name: str, extraction_id: str, files: Iterable[str]) -> None:
    """Delete what an earlier try left of a run, in other pieces or by another engine."""
    for stale in set(lake.list(layout.folder(layer, name, extraction_id))) - set(files):
        lake.delete(stale)


def batches(lake: Lake, transformed: Transformed, dataset: Dataset) -> Iterator[pa.RecordBatch]:
    """A dataset's rows of a run, a bounded number at a time."""
    return parquet.batches(lake, transformed.files[dataset.name])


def quarantined(lake: Lake, transformed: Transformed) -> Iterator[Quarantined]:
    """The refused records of an extraction."""
    for path in transformed.quarantine:
        for line in lake.read(path).splitlines():
            fields = json.loads(line)
            about, received_at = fields.pop("about", None), fields.pop("received_at", None)
            asked = None if received_at is None else Asked(about, datetime.fromisoformat(received_at))
            yield Quarantined(**fields, asked=asked)


def refusing(lake: Lake, transformed: Transformed) -> set[str]:
    """The endpoints of which records were refused."""
    return {place.name for path in transformed.quarantine if (place := layout.place(path)) and lake.read(path)}


def state(lake: Lake, source: Source) -> dict[str, list[Stored]]:
    """By table, the files that hold the newest rows of the source; empty if there is no run.

    A source with a whole state has it in its newest whole run; of any other, each day is taken from its newest run.
    """
    found: dict[str, list[Stored]] = {}
    if source.serves_everything:
        newest = latest(lake, source, None)
        if newest is not None:
            for dataset in source.datasets:
                found[f"silver.{dataset.name}"] = [Stored(dataset, tuple(newest.files[dataset.name]))]
        return found
    for run, interval in newest_by_day(runs(lake, source)):
        for dataset in source.datasets:
            kept = found.setdefault(f"silver.{dataset.name}", [])
            kept.append(Stored(dataset, tuple(run.files[dataset.name]), interval))
    return found


def newest_by_day(all_runs: Iterable[Transformed]) -> list[tuple[Transformed, DataInterval]]:
    """Which run has the newest rows of which days, the newest days first; runs about everything are left out.

    What a compacted run holds is as new as the runs that it has it from; of equals, the compacted one is taken.
    """
    shares = [(reader, run.extraction_id, interval, run) for run in all_runs for interval, reader in read_by(run)]
    covered: list[DataInterval] = []
    taken: dict[str, tuple[Transformed, list[DataInterval]]] = {}
    for _, extraction_id, interval, run in sorted(shares, key=lambda share: share[:2], reverse=True):
        taken.setdefault(extraction_id, (run, []))[1].extend(interval.without(covered))
        covered = joined([*covered, interval])
    found = [(run, interval) for run, intervals in taken.values() for interval in joined(intervals)]
    return sorted(found, key=lambda share: share[1], reverse=True)


def joined(intervals: Iterable[DataInterval]) -> list[DataInterval]:
    """The same days, oldest first, as few intervals as that takes."""
    found: list[DataInterval] = []
    for interval in sorted(intervals):
        if found and interval.start <= found[-1].end:
            found[-1] = DataInterval(found[-1].start, max(found[-1].end, interval.end))
        else:
            found.append(interval)
    return found


def read_by(run: Transformed) -> list[tuple[DataInterval, str]]:
    """The days that a run is about, and by which run they were read."""
    if run.is_compacted:
        return [(DataInterval.parse(start, end), extraction_id) for start, end, extraction_id in run.holds]
    interval = interval_of(run)
    return [] if interval is None else [(interval, run.extraction_id)]


def latest(lake: Lake, source: Source, interval: DataInterval | None) -> Transformed | None:
    """The newest transformed run of that interval; a compacted one brings nothing new."""
    return next(
        (run for run in runs(lake, source) if not run.is_compacted and bronze.is_about(source, run.interval, interval)),
        None,
    )


def read(lake: Lake, source: Source, extraction_id: str) -> Transformed | None:
    """What a run became, or None if it was not transformed."""
    path = layout.run(source.name, extraction_id)
    return read_note(lake, path) if lake.exists(path) else None


def interval_of(transformed: Transformed) -> DataInterval | None:
    """The interval that a run is about; None: everything."""
    return None if transformed.interval is None else DataInterval.parse(*transformed.interval)


def write(lake: Lake, transformed: Transformed) -> None:
    """Say what a run became: from now on it is there for all who read silver."""
    lake.write(
        layout.run(transformed.source, transformed.extraction_id), json.dumps(asdict(transformed), indent=1).encode()
    )


def runs(lake: Lake, source: Source) -> Iterator[Transformed]:
    """All transformed runs, the newest first."""
    notes = lake.list(layout.runs(source.name))[::-1]
    for first in range(0, len(notes), AT_ONCE):
        yield from side_by_side(partial(read_note, lake), notes[first : first + AT_ONCE])


def read_note(lake: Lake, path: str) -> Transformed:
    """What the note at `silver/_runs/…json` says."""
    try:
        fields = {RENAMED.get(name, name): value for name, value in json.loads(lake.read(path)).items()}
        note = Transformed(**fields | {"interval": tuple(fields["interval"]) if fields["interval"] else None})
        _ = interval_of(note), read_by(note)  # a ValueError here rather than wherever its days are needed
        return note
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise lake.damaged(path) from error
