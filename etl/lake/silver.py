"""Silver in the lake: typed rows as Parquet, refused records beside them, and a note of what a run became."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import pyarrow as pa

from etl import telemetry
from etl.core.errors import SourceContractError
from etl.lake import bronze, layout, pages
from etl.lake.layout import Stored
from etl.lake.pages import Done, Quarantined, Work
from etl.lake.store import AT_ONCE, Lake, side_by_side
from etl.model import DataInterval, Dataset, Endpoint, Source
from etl.telemetry import log

RUN = pa.schema([pa.field("run_id", pa.string())]).append(pa.field("processed_at", pa.timestamp("us", tz="UTC")))

Tables = Mapping[str, pa.Table | Sequence[Stored]]


@dataclass(frozen=True)
class Selected:
    """Rows that a statement made, in files of the lake."""

    rows: int
    files: tuple[str, ...]


class Engine(Protocol):
    """What turns pages into rows, and rows into other rows; `etl.lake.local_engine` and `spark_engine` are some."""

    def parse(self, works: Sequence[Work]) -> Iterator[Done]:
        """Do each work once, in any order."""
        ...

    def select(self, lake: Lake, statement: str, tables: Tables, into: Dataset, path: Callable[[int], str]) -> Selected:
        """Write the rows of a statement for Postgres, as `into` declares them, into the files path(1), path(2) …"""
        ...


@dataclass(frozen=True)
class Transformed:
    """What one run's bronze became.

    A compacted run has no bronze: it holds rows of other runs, each stretch of days as one of them had it.
    `holds` tells which: first day, first day that is left out, run id.
    """

    run_id: str
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


def transform(
    lake: Lake,
    source: Source,
    run_id: str,
    max_share: float,
    engine: Engine,
    statements: Mapping[str, str],
    on_pages: Callable[[str, int], None],
) -> Transformed:
    """Turn a run's bronze into silver.

    `statements`: by table, what makes the derived ones; `on_pages(endpoint, pages)` is told of what is parsed.
    Raises: SourceContractError if more than `max_share` of an endpoint's records are refused.
    """
    now = datetime.now(UTC)
    published = {dataset.name for dataset in source.datasets}
    layers = {dataset.name: "silver" if dataset.name in published else "parsed" for dataset in source.parsed}
    parsed, unknown = Done(), dict[str, list[str]]()
    manifests = [bronze.read_manifest(lake, endpoint.name, run_id) for endpoint in source.endpoints]
    for endpoint, manifest in zip(source.endpoints, manifests, strict=True):
        done = _parse(lake, endpoint, manifest, layers, engine, max_share, on_pages)
        parsed += done
        if done.unknown_fields:
            unknown[endpoint.name] = sorted(done.unknown_fields)
    derived = _derive(lake, source, run_id, now, parsed, engine, statements)
    files = parsed.files | {name: made.files for name, made in derived.items()}
    rows = dict(parsed.rows) | {name: made.rows for name, made in derived.items()}
    transformed = Transformed(
        run_id,
        source.name,
        manifests[0].origin,
        manifests[0].interval,
        parsed.records,
        parsed.kinds.total(),
        {dataset.name: rows[dataset.name] for dataset in source.datasets},
        {dataset.name: list(files[dataset.name]) for dataset in source.datasets},
        list(parsed.quarantine),
        unknown,
    )
    write(lake, transformed)
    for dataset in source.datasets:
        keep_only(lake, "silver", dataset.name, run_id, files[dataset.name])
    for endpoint in source.endpoints:
        keep_only(lake, "quarantine", endpoint.name, run_id, parsed.quarantine)
    for name in sorted(set(layers) - published):  # made anew from bronze whenever it is wanted
        lake.delete_folder(layout.folder("parsed", name, run_id))
    return transformed


def keep_only(lake: Lake, layer: str, name: str, run_id: str, files: Iterable[str]) -> None:
    """Delete what an earlier try left of a run, in other pieces or by another engine."""
    for stale in set(lake.list(layout.folder(layer, name, run_id))) - set(files):
        lake.delete(stale)


def _parse(
    lake: Lake,
    endpoint: Endpoint,
    manifest: bronze.Manifest,
    layers: Mapping[str, str],
    engine: Engine,
    max_share: float,
    on_pages: Callable[[str, int], None],
) -> Done:
    outcomes = []
    for done in engine.parse(pages.works(lake, endpoint, manifest, layers)):
        outcomes.append(done)
        on_pages(endpoint.name, done.pages)
    whole = sum(sorted(outcomes, key=lambda done: done.quarantine), Done())
    _tell(endpoint.name, whole)
    refused, first = whole.kinds.total(), whole.first_refusal
    if first is not None and refused > max_share * whole.records:
        raise SourceContractError(
            f"{refused} of {whole.records} records of {endpoint.name} break their contract, more than "
            f"{max_share:.0%}; the first says {first.reason}.",
            hint=f"Read them in {lake.address(_refusing(outcomes))}; nothing was published.",
        )
    return whole


def _refusing(outcomes: Sequence[Done]) -> str:
    """The first file in which refused records are."""
    return min(done.quarantine[0] for done in outcomes if done.kinds)


def _derive(
    lake: Lake,
    source: Source,
    run_id: str,
    now: datetime,
    parsed: Done,
    engine: Engine,
    statements: Mapping[str, str],
) -> dict[str, Selected]:
    tables: dict[str, pa.Table | Sequence[Stored]] = {
        f"parsed.{dataset.name}": [Stored(dataset, parsed.files[dataset.name])] for dataset in source.parsed
    }
    tables["parsed.run"] = pa.Table.from_pydict({"run_id": [run_id], "processed_at": [now]}, RUN)
    made = {}
    for dataset in source.derived:
        path = partial(layout.part, "silver", dataset.name, run_id)
        made[dataset.name] = engine.select(lake, statements[dataset.name], tables, dataset, path)
        _tell_rows(dataset.name, made[dataset.name].rows)
    return made


def _tell(endpoint: str, done: Done) -> None:
    """What parsing met is told though too much of it was refused: that is when someone asks."""
    for name, count in done.rows.items():
        _tell_rows(name, count)
    for kind, count in done.kinds.items():
        telemetry.REFUSED.send(count, dataset=endpoint, reason=kind)
        log.warning("records are refused", dataset=endpoint, reason=kind, records=count)
    telemetry.UNKNOWN_FIELDS.send(len(done.unknown_fields), dataset=endpoint)
    if done.unknown_fields:
        log.warning("the API sends fields we do not know", dataset=endpoint, fields=sorted(done.unknown_fields))


def _tell_rows(dataset: str, rows: int) -> None:
    telemetry.ROWS.send(rows, dataset=dataset, step="transform")
    log.info("transformed", dataset=dataset, rows=rows)


def batches(lake: Lake, transformed: Transformed, dataset: Dataset) -> Iterator[pa.RecordBatch]:
    """A dataset's rows of a run, a bounded number at a time."""
    return pages.batches(lake, transformed.files[dataset.name])


def quarantined(lake: Lake, transformed: Transformed) -> Iterator[Quarantined]:
    """The refused records of a run."""
    for path in transformed.quarantine:
        for line in lake.read(path).splitlines():
            yield Quarantined(**json.loads(line))


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
    shares = [(reader, run.run_id, interval, run) for run in all_runs for interval, reader in read_by(run)]
    covered: list[DataInterval] = []
    taken: dict[str, tuple[Transformed, list[DataInterval]]] = {}
    for _, run_id, interval, run in sorted(shares, key=lambda share: share[:2], reverse=True):
        taken.setdefault(run_id, (run, []))[1].extend(interval.without(covered))
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
        return [(DataInterval.parse(start, end), run_id) for start, end, run_id in run.holds]
    interval = interval_of(run)
    return [] if interval is None else [(interval, run.run_id)]


def latest(lake: Lake, source: Source, interval: DataInterval | None) -> Transformed | None:
    """The newest transformed run of that interval; a compacted one brings nothing new."""
    return next(
        (run for run in runs(lake, source) if not run.is_compacted and bronze.is_about(source, run.interval, interval)),
        None,
    )


def read(lake: Lake, source: Source, run_id: str) -> Transformed | None:
    """What a run became, or None if it was not transformed."""
    path = layout.run(source.name, run_id)
    return read_note(lake, path) if lake.exists(path) else None


def interval_of(transformed: Transformed) -> DataInterval | None:
    """The interval that a run is about; None: everything."""
    return None if transformed.interval is None else DataInterval.parse(*transformed.interval)


def write(lake: Lake, transformed: Transformed) -> None:
    """Say what a run became: from now on it is there for all who read silver."""
    lake.write(layout.run(transformed.source, transformed.run_id), json.dumps(asdict(transformed), indent=1).encode())


def runs(lake: Lake, source: Source) -> Iterator[Transformed]:
    """All transformed runs, the newest first."""
    notes = lake.list(layout.runs(source.name))[::-1]
    for first in range(0, len(notes), AT_ONCE):
        yield from side_by_side(partial(read_note, lake), notes[first : first + AT_ONCE])


def read_note(lake: Lake, path: str) -> Transformed:
    """What the note at `silver/_runs/…json` says."""
    try:
        told = json.loads(lake.read(path))
        return Transformed(**told | {"interval": tuple(told["interval"]) if told["interval"] else None})
    except (ValueError, TypeError, LookupError) as error:
        raise lake.damaged(path) from error
