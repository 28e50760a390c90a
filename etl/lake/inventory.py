"""The extractions in the lake, from listings of its layers, silver's notes, and bronze's manifests for the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import groupby

from etl.core.errors import LakeUnavailableError
from etl.core.garbage import collected_later
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
class KeptFile(StoredFile):
    """A file of an extraction."""

    place: Place


@dataclass(frozen=True)
class Listed:
    """What listings show of an extraction: its files."""

    source: Source
    extraction_id: str
    files: tuple[KeptFile, ...]

    @property
    def pages(self) -> int:
        return sum(file.path.endswith(".json.gz") for file in self.files)

    def bytes(self, layer: str | None = None) -> int:
        """Of all files, or those of a layer."""
        return sum(file.bytes for file in self.files if layer in (None, file.place.layer))

    @property
    def marks(self) -> list[KeptFile]:
        """The files of bronze that show how far it has come."""
        return [file for file in self.files if file.place.layer == "bronze" and file.place.file.endswith(bronze.MARKS)]

    @property
    def is_whole(self) -> bool:
        return bronze.is_whole(self.source, {(mark.place.name, mark.place.file) for mark in self.marks})


@dataclass(frozen=True)
class Extraction(Listed):
    """An extraction with all its files. An `interval` of None means everything, or unknown unless `is_known`."""

    state: State
    note: Transformed | None
    manifests: tuple[Manifest, ...]

    @property
    def is_known(self) -> bool:
        """Whether a note or a manifest says which interval it covers."""
        return self.note is not None or bool(self.manifests)

    @property
    def interval(self) -> DataInterval | None:
        known = self.note or next(iter(self.manifests), None)
        return None if known is None or known.interval is None else DataInterval.parse(*known.interval)

    @property
    def records(self) -> int:
        return self.note.records if self.note else sum(manifest.records for manifest in self.manifests)

    @property
    def rows(self) -> int:
        return sum(self.note.rows.values()) if self.note else 0


def list_extractions(lake: Lake, sources: Iterable[Source]) -> list[Extraction]:
    """All extractions of the sources, as `read` returns them."""
    return read(lake, list_files(lake, sources))


def list_files(lake: Lake, sources: Iterable[Source]) -> list[Listed]:
    """All extractions of the sources with their files, by source, the newest first."""
    names = [name for names in map_concurrently(lake.folders, layout.LAYERS) for name in names]
    placed: dict[tuple[str, str], list[KeptFile]] = {}
    notes: dict[str, list[StoredFile]] = {}
    with collected_later():
        for listed in map_concurrently(lake.list_many, names):
            for file in listed:
                if place := layout.place(file.path):
                    kept = KeptFile(file.path, file.bytes, file.written_at, place)
                    placed.setdefault((place.layer, place.name), []).append(kept)
                else:
                    notes.setdefault(file.path.rpartition("/")[0], []).append(file)
        return [
            extraction
            for source in sources
            for extraction in _of_source(source, placed, notes.get(layout.notes(source.name), []))
        ]


def _of_source(
    source: Source, placed: Mapping[tuple[str, str], list[KeptFile]], noted: list[StoredFile]
) -> Iterator[Listed]:
    """Given the files of all sources by layer and name, and the files among which this one's notes are."""
    found = defaultdict[str, list[KeptFile]](list)
    names = _names(source)
    for kept in (file for name, files in placed.items() if name in names for file in files):
        found[kept.place.extraction_id].append(kept)
    for file in noted:
        if extraction_id := layout.extraction_of_note(source.name, file.path):
            place = Place("silver", layout.NOTES, extraction_id, "")
            found[extraction_id].append(KeptFile(file.path, file.bytes, file.written_at, place))
    return (Listed(source, each, tuple(found[each])) for each in sorted(found, reverse=True))


def read(lake: Lake, listed: Iterable[Listed], most: int | None = None) -> list[Extraction]:
    """Read the notes and manifests of all extractions, or of the newest `most` of each source.

    Raises: LakeUnavailableError for a damaged note.
    """
    by_source = groupby(listed, key=lambda each: each.source.name)
    return [extraction for _, group in by_source for extraction in _read_source(lake, list(group), most)]


def _read_source(lake: Lake, listed: Sequence[Listed], most: int | None) -> Iterator[Extraction]:
    source = listed[0].source
    noted = [file for each in listed for file in each.files if file.place.name == layout.NOTES]
    notes = {note.extraction_id: note for note in silver.extractions(lake, source, noted, most)}
    wanted = listed[:most]
    without = [each for each in wanted if each.extraction_id not in notes]
    found = map_concurrently(partial(_manifests, lake), without)
    manifests = {each.extraction_id: read for each, read in zip(without, found, strict=True)}
    for each in wanted:
        note = notes.get(each.extraction_id)
        yield Extraction(
            source, each.extraction_id, each.files, _state(each, note), note, manifests.get(each.extraction_id, ())
        )


def _names(source: Source) -> set[tuple[str, str]]:
    """Layer and name of all folders in which a source may have files."""
    of_endpoints = {(layer, endpoint.name) for layer in ("bronze", "quarantine") for endpoint in source.endpoints}
    rows = (*source.parsed, *source.datasets)
    return (
        of_endpoints
        | {(layer, dataset.name) for layer in ("parsed", "silver") for dataset in rows}
        | {("gold", table.name) for table in source.gold}
    )


def _state(listed: Listed, note: Transformed | None) -> State:
    if note is not None:
        return State.COMPACTED if note.is_compacted else State.TRANSFORMED
    if not listed.marks:
        return State.REMAINS
    return State.EXTRACTED if listed.is_whole else State.EXTRACTING


def _manifests(lake: Lake, listed: Listed) -> tuple[Manifest, ...]:
    """Those that say which days an extraction without a note covers."""
    is_whole = listed.is_whole
    read = (_read(lake, mark.path) for mark in listed.marks if not is_whole or mark.path.endswith("manifest.json"))
    return tuple(manifest for manifest in read if manifest is not None)


def _read(lake: Lake, path: str) -> Manifest | None:
    """None if it is damaged, or its own process has just replaced it."""
    try:
        return bronze.read(lake, path)
    except LakeUnavailableError:
        return None
