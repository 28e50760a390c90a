"""Expiry: what is old goes, unless it is still needed. A plan is a value; printing and carrying out walk the same list.

Needed is: of a source with a whole state, the newest run that has it; of one read by days, each run that has the newest
rows of some day; the newest gold of each table; a run that is under way.
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
from etl.lake.inventory import KeptFile, Run, State
from etl.lake.store import Lake, side_by_side

AGE = re.compile(r"(\d{1,4})\s*(h|hour|d|day|w|week)s?")
HOURS = {"h": 1, "d": 24, "w": 24 * 7}
UNDER_WAY = timedelta(hours=24)  # since its last file was written; after that nobody goes on with it


@dataclass(frozen=True)
class Fate:
    """What becomes of an old run: the files that go, and why the others stay."""

    run: Run
    going: tuple[KeptFile, ...]
    why_not_all: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.going)


@dataclass(frozen=True)
class Plan:
    """The fate, at `now`, of every run of some age; `young` is how many are younger."""

    now: datetime
    fates: tuple[Fate, ...]
    young: int

    @property
    def going(self) -> list[Fate]:
        return [fate for fate in self.fates if fate.going]

    @property
    def bytes(self) -> int:
        return sum(fate.bytes for fate in self.fates)


class _Need(NamedTuple):
    """Why a run is needed, by run id."""

    runs: dict[str, str]
    gold: dict[str, str]


def parse_age(text: str) -> timedelta:
    """Read `90d`, `12w` or `36h`. Raises: UsageError."""
    found = AGE.fullmatch(text.strip().lower())
    if not found:
        raise UsageError(f"'{text}' is no age of runs.", hint="Write it like 90d, 12w or 36h.")
    return timedelta(hours=int(found[1]) * HOURS[found[2][0]])


def make_plan(
    runs: Iterable[Run], older_than: timedelta, now: datetime, layers: Collection[str] = layout.LAYERS
) -> Plan:
    """See which files of these layers are older than that and not needed; `runs`: all those of one source or more."""
    fates: list[Fate] = []
    young = 0
    for source, its_runs in _by_source(runs):
        need = _needed(source, its_runs)
        for run in its_runs:
            if started_at(run.extraction_id) > now - older_than:
                young += 1
            else:
                fates.append(_fate(run, need, now, layers))
    return Plan(now, tuple(fates), young)


def carry_out(plan: Plan, lake: Lake, on_gone: Callable[[Fate], None]) -> None:
    """Delete what the plan says: of each run first what says that it is there, so that no half of it is ever read."""

    def go(fate: Fate) -> Fate:
        for path in _marks(fate):
            lake.delete(path)
        for folder in _folders(fate):
            lake.delete_folder(folder)
        return fate

    for fate in side_by_side(go, plan.going):
        on_gone(fate)
    for day in sorted({str(PurePosixPath(folder).parent) for fate in plan.going for folder in _folders(fate)}):
        if day < f"{PurePosixPath(day).parent}/{layout.day(plan.now.date())}":  # nobody begins a run there any more
            lake.delete_empty_folder(day)


def _marks(fate: Fate) -> list[str]:
    """The note of silver, then in bronze what is under way, then manifests."""
    marks = [file for file in fate.going if file.place.name == layout.NOTES]
    for name in ("progress.json", "manifest.json"):
        marks += [file for file in fate.going if file.place.layer == "bronze" and file.place.file.endswith(name)]
    return [file.path for file in marks]


def _folders(fate: Fate) -> list[str]:
    """The folders of the run that go, with all that is in them."""
    files = (file for file in fate.going if file.place.name != layout.NOTES)
    return sorted({file.path.removesuffix(f"/{file.place.file}") for file in files})


def _by_source(runs: Iterable[Run]) -> list[tuple[Source, list[Run]]]:
    found: dict[str, tuple[Source, list[Run]]] = {}
    for run in runs:
        found.setdefault(run.source.name, (run.source, []))[1].append(run)
    return list(found.values())


def _fate(run: Run, need: _Need, now: datetime, layers: Collection[str]) -> Fate:
    why = _under_way(run, now) or need.runs.get(run.extraction_id)
    newest = {table for table, extraction_id in need.gold.items() if extraction_id == run.extraction_id}
    going = tuple(
        file
        for file in run.files
        if file.place.layer in layers and (file.place.name not in newest if file.place.layer == "gold" else not why)
    )
    of_gold = [f"has the newest {', '.join(f'gold.{table}' for table in sorted(newest))}"] if newest else []
    return Fate(run, going, (*([why] if why else []), *of_gold))


def _under_way(run: Run, now: datetime) -> str | None:
    is_done = run.state in (State.TRANSFORMED, State.COMPACTED)
    if is_done or now - max(file.written_at for file in run.files) > UNDER_WAY:
        return None
    return "may be under way: its last file is younger than a day"


def _needed(source: Source, runs: list[Run]) -> _Need:
    gold: dict[str, str] = {}
    for run in runs:
        for file in run.files:
            if file.place.layer == "gold":
                gold[file.place.name] = max(run.extraction_id, gold.get(file.place.name, ""))
    return _Need(_newest_state(runs) if source.serves_everything else _newest_of_days(runs), gold)


def _newest_state(runs: list[Run]) -> dict[str, str]:
    """The newest run of everything, and what was extracted since and waits for being transformed."""
    whole = [run for run in runs if run.is_known and run.interval is None]
    transformed = max((run.extraction_id for run in whole if run.state is State.TRANSFORMED), default="")
    extracted = max((run.extraction_id for run in whole if run.state is State.EXTRACTED), default="")
    needed = {transformed: "has the newest whole state"} if transformed else {}
    return needed | ({extracted: "extracted, not transformed yet"} if extracted > transformed else {})


def _newest_of_days(runs: list[Run]) -> dict[str, str]:
    """Runs with the newest rows of some day, and what was extracted since and waits for being transformed."""
    notes = [run.note for run in runs if run.note is not None]
    days: dict[str, list[DataInterval]] = {}
    for note, interval in silver.newest_by_day(notes):
        days.setdefault(note.extraction_id, []).append(interval)
    needed = {extraction_id: f"has the newest rows of {_told(intervals)}" for extraction_id, intervals in days.items()}
    read_since = [(reader, interval) for note in notes for interval, reader in silver.read_by(note)]
    waiting = [run for run in runs if run.state is State.EXTRACTED]
    for run in sorted(waiting, key=lambda run: run.extraction_id, reverse=True):
        about = run.interval
        if about is None or about.without(each for reader, each in read_since if reader > run.extraction_id):
            needed[run.extraction_id] = "extracted, not transformed yet"
        if about is not None:
            read_since.append((run.extraction_id, about))
    return needed


def _told(intervals: list[DataInterval]) -> str:
    days = sum((interval.end - interval.start).days for interval in intervals)
    newest = f"{max(intervals)}"
    return newest if len(intervals) == 1 else f"{days} days, {newest} the newest"
