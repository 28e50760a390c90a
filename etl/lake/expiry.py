"""Expiry: old extractions are deleted unless still needed. A plan is a value; printing and applying walk the same list.

Needed are: for a source with a whole state, the newest extraction of it; for one read by days, each extraction with
the newest rows of some day; in both cases, of those that passed their audits. Also a newer one that has not been
transformed or that failed an audit, which a person may accept; the newest gold of each table; an extraction under way;
pages that rows of later extractions may refer to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import NamedTuple

from etl.core.errors import UsageError
from etl.core.ids import started_at
from etl.core.intervals import DataInterval
from etl.core.source import Source
from etl.lake import layout, silver
from etl.lake.inventory import Extraction, KeptFile, State
from etl.lake.store import Lake, map_concurrently

AGE = re.compile(r"(\d{1,4})\s*(h|hour|d|day|w|week)s?")
HOURS = {"h": 1, "d": 24, "w": 24 * 7}
UNDER_WAY = timedelta(hours=24)  # since its last file was written; after that no process resumes it


@dataclass(frozen=True)
class Expiration:
    """What happens to an old extraction: the files to delete, and why the others are kept."""

    extraction: Extraction
    to_delete: tuple[KeptFile, ...]
    kept_because: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.to_delete)


@dataclass(frozen=True)
class Plan:
    """What happens, at `now`, to every extraction old enough; `young` is how many are younger."""

    now: datetime
    expirations: tuple[Expiration, ...]
    young: int

    @property
    def to_delete(self) -> list[Expiration]:
        """Those that have files to delete."""
        return [each for each in self.expirations if each.to_delete]

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.expirations)


class _Need(NamedTuple):
    """`extractions`: why one is needed, by id; `gold`: the id of the one with the newest rows, by table."""

    extractions: dict[str, str]
    gold: dict[str, str]


def parse_age(text: str) -> timedelta:
    """Read `90d`, `12w` or `36h`. Raises: UsageError."""
    found = AGE.fullmatch(text.strip().lower())
    if not found:
        raise UsageError(f"'{text}' is not a valid age.", hint="Write it like 90d, 12w or 36h.")
    return timedelta(hours=int(found[1]) * HOURS[found[2][0]])


def make_plan(
    extractions: Iterable[Extraction], older_than: timedelta, now: datetime, layers: Collection[str] = layout.LAYERS
) -> Plan:
    """Find the files of these layers that are old and not needed, given all extractions of one or more sources."""
    expirations: list[Expiration] = []
    young = 0
    for source, of_source in _by_source(extractions):
        need = _needed(source, of_source)
        for extraction in of_source:
            if started_at(extraction.extraction_id) > now - older_than:
                young += 1
            else:
                expirations.append(_expiration(extraction, need, now, layers))
    return Plan(now, tuple(expirations), young)


def apply(plan: Plan, lake: Lake, on_deleted: Callable[[Expiration], None]) -> None:
    """Delete what the plan says; notes and manifests go first, so that no half of an extraction is ever read."""

    def delete(expiration: Expiration) -> Expiration:
        for path in _marks(expiration):
            lake.delete(path)
        for folder in _folders(expiration):
            lake.delete_folder(folder)
        return expiration

    for expiration in map_concurrently(delete, plan.to_delete):
        on_deleted(expiration)
    for day in sorted({str(PurePosixPath(folder).parent) for each in plan.to_delete for folder in _folders(each)}):
        if day < f"{PurePosixPath(day).parent}/{layout.day(plan.now.date())}":  # no new extraction begins there
            lake.delete_empty_folder(day)


def _marks(expiration: Expiration) -> list[str]:
    """The note of silver, then in bronze the progress files, then the manifests."""
    marks = [file for file in expiration.to_delete if file.place.name == layout.NOTES]
    for name in ("progress.json", "manifest.json"):
        bronze = (file for file in expiration.to_delete if file.place.layer == "bronze")
        marks += [file for file in bronze if file.place.file.endswith(name)]
    return [file.path for file in marks]


def _folders(expiration: Expiration) -> list[str]:
    """The folders to delete, with everything in them."""
    files = (file for file in expiration.to_delete if file.place.name != layout.NOTES)
    return sorted({file.path.removesuffix(f"/{file.place.file}") for file in files})


def _by_source(extractions: Iterable[Extraction]) -> list[tuple[Source, list[Extraction]]]:
    found: dict[str, tuple[Source, list[Extraction]]] = {}
    for each in extractions:
        found.setdefault(each.source.name, (each.source, []))[1].append(each)
    return list(found.values())


def _expiration(extraction: Extraction, need: _Need, now: datetime, layers: Collection[str]) -> Expiration:
    why = _under_way(extraction, now) or need.extractions.get(extraction.extraction_id)
    newest = {table for table, extraction_id in need.gold.items() if extraction_id == extraction.extraction_id}
    to_delete = tuple(
        file
        for file in extraction.files
        if file.place.layer in layers and (file.place.name not in newest if file.place.layer == "gold" else not why)
    )
    of_gold = [f"has the newest {', '.join(f'gold.{table}' for table in sorted(newest))}"] if newest else []
    return Expiration(extraction, to_delete, (*([why] if why else []), *of_gold))


def _under_way(extraction: Extraction, now: datetime) -> str | None:
    is_done = extraction.state in (State.TRANSFORMED, State.COMPACTED)
    if is_done or now - max(file.written_at for file in extraction.files) > UNDER_WAY:
        return None
    return "may be under way: its last file is less than a day old"


def _needed(source: Source, extractions: list[Extraction]) -> _Need:
    gold: dict[str, str] = {}
    for extraction in extractions:
        for file in extraction.files:
            if file.place.layer == "gold":
                gold[file.place.name] = max(extraction.extraction_id, gold.get(file.place.name, ""))
    needed = _newest_state if source.serves_everything else _newest_of_days
    return _Need((_referred_to(extractions) if source.keeps_pages else {}) | needed(extractions), gold)


def _referred_to(extractions: list[Extraction]) -> dict[str, str]:
    """Those with pages, of a source whose later rows may say that what they are about is in one of them."""
    complete = (State.EXTRACTED, State.TRANSFORMED)
    return {each.extraction_id: "later rows may refer to its pages" for each in extractions if each.state in complete}


def _newest_state(extractions: list[Extraction]) -> dict[str, str]:
    """The newest extraction of everything that readers see, and a newer one that they may see yet."""
    whole = {each.extraction_id: each for each in extractions if each.is_known and each.interval is None}
    waiting = {extraction_id: why for extraction_id, each in whole.items() if (why := _waits(each))}
    seen = [name for name, each in whole.items() if each.state is State.TRANSFORMED and name not in waiting]
    needed = dict.fromkeys(sorted(seen)[-1:], "has the newest whole state")
    return needed | {name: waiting[name] for name in sorted(waiting)[-1:] if name > max(needed, default="")}


def _newest_of_days(extractions: list[Extraction]) -> dict[str, str]:
    """Those with the newest rows of some day that readers see, and newer ones that they may see yet."""
    notes = [each.note for each in extractions if each.note is not None and not each.note.failed_audit]
    days: dict[str, list[DataInterval]] = {}
    for note, interval in silver.newest_by_day(notes):
        days.setdefault(note.extraction_id, []).append(interval)
    needed = {
        extraction_id: f"has the newest rows of {_described(intervals)}" for extraction_id, intervals in days.items()
    }
    read_since = [(reader, interval) for note in notes for interval, reader in silver.read_by(note)]
    for extraction in sorted(extractions, key=lambda each: each.extraction_id, reverse=True):
        if why := _waits(extraction):
            about = extraction.interval
            if about is None or about.without(each for reader, each in read_since if reader > extraction.extraction_id):
                needed[extraction.extraction_id] = why
            if about is not None:
                read_since.append((extraction.extraction_id, about))
    return needed


def _waits(extraction: Extraction) -> str | None:
    """What has yet to happen before readers see it; None: they do, or never will."""
    if extraction.state is State.EXTRACTED:
        return "extracted, not yet transformed"
    if extraction.note is not None and (audit := extraction.note.failed_audit):
        return f"failed audit {audit}, and nothing newer has passed"
    return None


def _described(intervals: list[DataInterval]) -> str:
    days = sum((interval.end - interval.start).days for interval in intervals)
    newest = f"{max(intervals)}"
    return newest if len(intervals) == 1 else f"{days} days, {newest} the newest"
