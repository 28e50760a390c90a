"""What the lake holds, by run: from one listing of each layer, the notes of silver, and bronze's for the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from etl.core.errors import LakeUnavailableError
from etl.core.ids import is_id
from etl.core.intervals import DataInterval
from etl.core.source import Source
from etl.lake import bronze, layout, silver
from etl.lake.bronze import Manifest
from etl.lake.layout import Place
from etl.lake.silver import Transformed
from etl.lake.store import Lake, StoredFile, side_by_side


class State(StrEnum):
    """How far a run has come."""

    EXTRACTING = "extracting"
    EXTRACTED = "extracted"
    TRANSFORMED = "transformed"
    COMPACTED = "compacted"
    REMAINS = "remains"  # files that no manifest and no note speaks of: of a run that was killed, or partly expired


@dataclass(frozen=True)
class KeptFile:
    """A file of a run: where it is, how large, since when."""

    place: Place
    path: str
    bytes: int
    written_at: datetime


@dataclass(frozen=True)
class Run:
    """A run with all its files. `interval`: None is everything; unknown, if neither note nor manifest can be read."""

    source: Source
    extraction_id: str
    state: State
    files: tuple[KeptFile, ...]
    note: Transformed | None = None
    manifests: tuple[Manifest, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether something says what it is about."""
        return self.note is not None or bool(self.manifests)

    @property
    def interval(self) -> DataInterval | None:
        told = self.note or next(iter(self.manifests), None)
        return None if told is None or told.interval is None else DataInterval.parse(*told.interval)

    @property
    def pages(self) -> int:
        return sum(file.path.endswith(".json.gz") for file in self.files)

    @property
    def records(self) -> int:
        return self.note.records if self.note else sum(manifest.records for manifest in self.manifests)

    @property
    def rows(self) -> int:
        return sum(self.note.rows.values()) if self.note else 0

    def bytes(self, layer: str | None = None) -> int:
        """Of all files, or those of a layer."""
        return sum(file.bytes for file in self.files if layer in (None, file.place.layer))


@dataclass
class _Found:
    """What listings tell of a run."""

    files: list[KeptFile] = field(default_factory=list)
    note: str | None = None

    @property
    def marks(self) -> list[KeptFile]:
        return [file for file in self.files if file.place.layer == "bronze" and file.place.file.endswith(bronze.MARKS)]


def take(lake: Lake, sources: Iterable[Source]) -> list[Run]:
    """All runs of the sources, by source, the newest first. Raises: LakeUnavailableError for a damaged note."""
    listed = [file for layer in layout.LAYERS for file in lake.stored(layer)]
    return [run for source in sources for run in _runs(lake, source, listed)]


def _runs(lake: Lake, source: Source, listed: list[StoredFile]) -> list[Run]:
    found: dict[str, _Found] = {}
    names = _names(source)
    for file in listed:
        place = layout.place(file.path)
        if place is not None and (place.layer, place.name) in names:
            kept = KeptFile(place, file.path, file.bytes, file.written_at)
            found.setdefault(place.extraction_id, _Found()).files.append(kept)
        elif (extraction_id := _noted(source, file.path)) is not None:
            found.setdefault(extraction_id, _Found()).note = file.path
            kept = KeptFile(Place("silver", layout.NOTES, extraction_id, ""), file.path, file.bytes, file.written_at)
            found[extraction_id].files.append(kept)
    newest_first = sorted(found, reverse=True)
    return list(
        side_by_side(lambda extraction_id: _run(lake, source, extraction_id, found[extraction_id]), newest_first)
    )


def _names(source: Source) -> set[tuple[str, str]]:
    """Layer and name of all folders in which a source has files."""
    of_endpoints = {(layer, endpoint.name) for layer in ("bronze", "quarantine") for endpoint in source.endpoints}
    rows = (*source.parsed, *source.datasets)
    return (
        of_endpoints
        | {(layer, dataset.name) for layer in ("parsed", "silver") for dataset in rows}
        | {("gold", table.name) for table in source.gold}
    )


def _noted(source: Source, path: str) -> str | None:
    """The run that a note is about."""
    extraction_id = path.removeprefix(f"{layout.runs(source.name)}/").removesuffix(".json")
    return extraction_id if is_id(extraction_id) else None


def _run(lake: Lake, source: Source, extraction_id: str, found: _Found) -> Run:
    files = tuple(found.files)
    if found.note is not None:
        note = silver.read_note(lake, found.note)
        return Run(source, extraction_id, State.COMPACTED if note.is_compacted else State.TRANSFORMED, files, note)
    if not found.marks:
        return Run(source, extraction_id, State.REMAINS, files)
    is_whole = bronze.is_whole(source, {(mark.place.name, mark.place.file) for mark in found.marks})
    state = State.EXTRACTED if is_whole else State.EXTRACTING
    read = (_read(lake, mark.path) for mark in found.marks if not is_whole or mark.path.endswith("manifest.json"))
    return Run(
        source, extraction_id, state, files, manifests=tuple(manifest for manifest in read if manifest is not None)
    )


def _read(lake: Lake, path: str) -> Manifest | None:
    """None if it is damaged, or was replaced by its run just now."""
    try:
        return bronze.read(lake, path)
    except LakeUnavailableError:
        return None
