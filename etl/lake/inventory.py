"""The extractions in the lake, from listings of its layers, silver's notes, and bronze's manifests for the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from etl.core.errors import LakeUnavailableError
from etl.core.intervals import DataInterval
from etl.core.source import Source
from etl.lake import bronze, layout, silver
from etl.lake.bronze import Manifest
from etl.lake.layout import Place
from etl.lake.silver import Transformed
from etl.lake.store import Lake, StoredFile, map_concurrently


class State(StrEnum):
    """How far an extraction has come."""

    EXTRACTING = "extracting"
    EXTRACTED = "extracted"
    TRANSFORMED = "transformed"
    COMPACTED = "compacted"
    REMAINS = "remains"  # files without a manifest or a note: it was killed, or has partly expired


@dataclass(frozen=True)
class KeptFile:
    """A file of an extraction: where it is, its size, when it was written."""

    place: Place
    path: str
    bytes: int
    written_at: datetime


@dataclass(frozen=True)
class Extraction:
    """An extraction with all its files. An `interval` of None means everything, or unknown unless `is_known`."""

    source: Source
    extraction_id: str
    state: State
    files: tuple[KeptFile, ...]
    note: Transformed | None = None
    manifests: tuple[Manifest, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether a note or a manifest says which interval it covers."""
        return self.note is not None or bool(self.manifests)

    @property
    def interval(self) -> DataInterval | None:
        known = self.note or next(iter(self.manifests), None)
        return None if known is None or known.interval is None else DataInterval.parse(*known.interval)

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
    """What listings show of an extraction."""

    files: list[KeptFile] = field(default_factory=list)

    @property
    def marks(self) -> list[KeptFile]:
        return [file for file in self.files if file.place.layer == "bronze" and file.place.file.endswith(bronze.MARKS)]


def list_extractions(lake: Lake, sources: Iterable[Source]) -> list[Extraction]:
    """All extractions of the sources, by source, the newest first. Raises: LakeUnavailableError for a damaged note."""
    names = [name for names in map_concurrently(lake.folders, layout.LAYERS) for name in names]
    listed = [file for files in map_concurrently(lake.list_many, names) for file in files]
    placed: dict[tuple[str, str], list[KeptFile]] = {}
    notes: dict[str, list[StoredFile]] = {}
    for file in listed:
        if place := layout.place(file.path):
            kept = KeptFile(place, file.path, file.bytes, file.written_at)
            placed.setdefault((place.layer, place.name), []).append(kept)
        else:
            notes.setdefault(file.path.rpartition("/")[0], []).append(file)
    return [
        extraction
        for source in sources
        for extraction in _of_source(lake, source, placed, notes.get(layout.notes(source.name), []))
    ]


def _of_source(
    lake: Lake, source: Source, placed: Mapping[tuple[str, str], list[KeptFile]], noted: list[StoredFile]
) -> list[Extraction]:
    """Given the files of all sources by layer and name, and the files among which this one's notes are."""
    found = defaultdict[str, _Found](_Found)
    names = _names(source)
    for kept in (file for name, files in placed.items() if name in names for file in files):
        found[kept.place.extraction_id].files.append(kept)
    for file in noted:
        if extraction_id := layout.extraction_of_note(source.name, file.path):
            kept = KeptFile(Place("silver", layout.NOTES, extraction_id, ""), file.path, file.bytes, file.written_at)
            found[extraction_id].files.append(kept)
    notes = {note.extraction_id: note for note in silver.extractions(lake, source, noted)}
    without = [each for each in found if each not in notes]
    read = map_concurrently(lambda each: _manifests(lake, source, found[each]), without)
    manifests = dict(zip(without, read, strict=True))
    return [
        _extraction(source, each, found[each], notes.get(each), manifests.get(each, ()))
        for each in sorted(found, reverse=True)
    ]


def _names(source: Source) -> set[tuple[str, str]]:
    """Layer and name of all folders in which a source may have files."""
    of_endpoints = {(layer, endpoint.name) for layer in ("bronze", "quarantine") for endpoint in source.endpoints}
    rows = (*source.parsed, *source.datasets)
    return (
        of_endpoints
        | {(layer, dataset.name) for layer in ("parsed", "silver") for dataset in rows}
        | {("gold", table.name) for table in source.gold}
    )


def _extraction(
    source: Source, extraction_id: str, found: _Found, note: Transformed | None, manifests: tuple[Manifest, ...]
) -> Extraction:
    return Extraction(source, extraction_id, _state(source, found, note), tuple(found.files), note, manifests)


def _state(source: Source, found: _Found, note: Transformed | None) -> State:
    if note is not None:
        return State.COMPACTED if note.is_compacted else State.TRANSFORMED
    if not found.marks:
        return State.REMAINS
    return State.EXTRACTED if _is_whole(source, found) else State.EXTRACTING


def _is_whole(source: Source, found: _Found) -> bool:
    return bronze.is_whole(source, {(mark.place.name, mark.place.file) for mark in found.marks})


def _manifests(lake: Lake, source: Source, found: _Found) -> tuple[Manifest, ...]:
    """Those that say which days an extraction without a note covers."""
    is_whole = _is_whole(source, found)
    read = (_read(lake, mark.path) for mark in found.marks if not is_whole or mark.path.endswith("manifest.json"))
    return tuple(manifest for manifest in read if manifest is not None)


def _read(lake: Lake, path: str) -> Manifest | None:
    """None if it is damaged, or its own process has just replaced it."""
    try:
        return bronze.read(lake, path)
    except LakeUnavailableError:
        return None
