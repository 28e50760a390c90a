"""Bronze: an API's responses as received, one folder per endpoint and extraction.

`bronze/<endpoint>/p_creation_date=<day>/<extraction id>/page-00001.json.gz` and, written last, `manifest.json`. Until
then the folder holds `progress.json`, which says what is being extracted and by which process, and an entry such as
`progress/00001.json` for each page kept so far: the work of a killed process is resumed from there. An extraction
shared by several processes has such a folder for each of them inside its own: `part-2-of-4/`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import socket
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from etl.core.errors import LakeUnavailableError, SourceChangedError, SourceContractError, UsageError
from etl.core.ids import started_at
from etl.core.intervals import DataInterval, today
from etl.core.pages import Page, PageContext
from etl.core.source import Endpoint, Part, Source
from etl.lake import layout
from etl.lake.store import Lake, map_concurrently

PART = re.compile(r"part-(\d+)-of-(\d+)/manifest\.json")
RESUMABLE = timedelta(hours=24)  # anything older is not completed: the API's state has moved on
MARKS = ("manifest.json", "progress.json")
SILENCE = timedelta(minutes=10)  # a process on another machine that wrote nothing for this long is presumed dead
RENAMED = {"run_id": "extraction_id"}  # its name in manifests of earlier versions

Marks = Mapping[str, Collection[tuple[str, str]]]  # by extraction id, the (endpoint, file) of each of its MARKS


@dataclass(frozen=True)
class PageEntry:
    """What the manifest says about a page; `bytes` and `sha256` are of the body as received, before gzip."""

    number: int
    file: str
    url: str
    status: int
    bytes: int
    sha256: str
    records: int
    received_at: str
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def context(self) -> PageContext:
        return PageContext(self.about, datetime.fromisoformat(self.received_at))


@dataclass(frozen=True)
class Manifest:
    """One endpoint's share of an extraction: complete if it was read from `manifest.json`."""

    extraction_id: str
    endpoint: str
    origin: str
    interval: tuple[str, str] | None
    page_size: int | None = None
    question: str = ""
    pages: tuple[PageEntry, ...] = ()
    is_whole: bool = False
    part: str | None = None

    @property
    def folder(self) -> str:
        """The folder that holds it and its pages."""
        return layout.folder("bronze", self.endpoint, self.extraction_id) + (
            f"/part-{self.part.replace('/', '-of-')}" if self.part else ""
        )

    @property
    def records(self) -> int:
        return sum(page.records for page in self.pages)

    @property
    def bytes(self) -> int:
        return sum(page.bytes for page in self.pages)


class Writer:
    """Stores the pages of one endpoint; made by `writer`, used within its block."""

    def __init__(self, lake: Lake, manifest: Manifest) -> None:
        self._lake = lake
        self.manifest = manifest

    @property
    def next_page(self) -> int:
        """The number of the first page that is not stored yet."""
        return len(self.manifest.pages) + 1

    @property
    def abouts(self) -> Sequence[Mapping[str, Any]]:
        """What is noted of the pages stored so far."""
        return [page.about for page in self.manifest.pages]

    def file(self, number: int) -> str:
        """Where the page of that number will be."""
        return _page_file(self.manifest, number)

    def body(self, file: str, sha256: str) -> bytes:
        """The body of a page of any extraction. Raises: LakeUnavailableError if it is not there, or another."""
        return stored(self._lake, file, sha256)

    def keep(self, page: Page) -> None:
        """Store a page, then its entry: another process would resume after it."""
        entry = _keep(self._lake, self.manifest, page)
        self._lake.write(_entry_file(self.manifest, page.number), _json(asdict(entry) | _signature(page.is_last)))
        self.manifest = replace(self.manifest, pages=(*self.manifest.pages, entry), is_whole=page.is_last)


@contextmanager
def writer(
    lake: Lake,
    endpoint: Endpoint,
    extraction_id: str,
    origin: str,
    interval: DataInterval | None,
    part: Part | None = None,
) -> Iterator[Writer]:
    """A writer for an endpoint's pages, which follow those stored by an earlier, killed process.

    The manifest is written once the block succeeds. Pages that may be inconsistent are discarded: after
    SourceChangedError or SourceContractError the next process begins with the first page.
    Raises: UsageError if the extraction is of something else.
    """
    fresh = Manifest(
        extraction_id,
        endpoint.name,
        origin,
        days(interval),
        endpoint.page_size,
        endpoint.request_fingerprint,
        part=None if part is None else str(part),
    )
    kept = lake.list(fresh.folder)
    if f"{fresh.folder}/manifest.json" in kept:
        yield Writer(lake, _require_same(read(lake, f"{fresh.folder}/manifest.json"), fresh))
        _forget(lake, fresh, kept)
        return
    writing = Writer(lake, _resumed(lake, fresh, kept))
    _write(lake, replace(writing.manifest, pages=()), "progress.json")
    try:
        yield writing
    except (SourceChangedError, SourceContractError):
        lake.delete_folder(f"{fresh.folder}/progress")
        raise
    _write(lake, writing.manifest, "manifest.json")
    _forget(lake, fresh, lake.list(fresh.folder))


def stored(lake: Lake, file: str, sha256: str) -> bytes:
    """The bytes of a stored page. Raises: LakeUnavailableError if it is missing, or has another hash."""
    try:
        found = gzip.decompress(lake.read(file))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise lake.damaged(file) from error
    if hashlib.sha256(found).hexdigest() != sha256:
        raise lake.damaged(file)
    return found


def body(lake: Lake, page: PageEntry) -> bytes:
    """A page's bytes as received.

    Raises: LakeUnavailableError if they are not what the manifest says.
    """
    return stored(lake, page.file, page.sha256)


def unfinished(lake: Lake, source: Source, interval: DataInterval | None, now: datetime) -> str | None:
    """The newest extraction of the same interval that was killed half-way; None if a later one is complete."""
    for extraction_id, files in sorted(marks(lake, source, now - RESUMABLE).items(), reverse=True):
        if any("/" in file for _, file in files):  # shared: each process resumes its own part
            continue
        try:
            found = [_read(lake, f"{_folder(endpoint, extraction_id)}/{file}") for endpoint, file in files]
        except LakeUnavailableError:  # damaged, or its own process has just finished it
            continue
        if any(manifest.interval != days(interval) or manifest.origin != source.origin for manifest, _ in found):
            continue
        if is_whole(source, files):
            return None
        if not any(_may_be_alive(_last_writer(lake, manifest, writer), now) for manifest, writer in found):
            return extraction_id
    return None


def latest(lake: Lake, source: Source, interval: DataInterval | None) -> str | None:
    """The newest complete extraction of that interval."""
    for extraction_id, files in sorted(marks(lake, source).items(), reverse=True):
        if is_whole(source, files):
            found = read_manifest(lake, source.endpoints[0].name, extraction_id)
            if is_about(source, found.interval, interval):
                return extraction_id
    return None


def marks(lake: Lake, source: Source, since: datetime | None = None) -> Marks:
    """What shows how far each extraction has come, parts included; with `since`, of those that began then or later."""
    found: dict[str, set[tuple[str, str]]] = {}
    for path in _paths(lake, source, since):
        place = layout.place(path)
        if place is None or not place.file.endswith(MARKS):
            continue
        if since is None or started_at(place.extraction_id) >= since:
            found.setdefault(place.extraction_id, set()).add((place.name, place.file))
    return found


def newest_by_interval(
    lake: Lake, source: Source, marked: Marks, but: Collection[str]
) -> dict[tuple[str, str] | None, str]:
    """The newest complete extraction of each interval, of those `marked` but without those in `but`."""
    return {manifest.interval: manifest.extraction_id for manifest in _complete(lake, source, marked, but)}


def intervals(lake: Lake, source: Source) -> dict[str, DataInterval | None]:
    """What each complete extraction is about, by its id, oldest first."""
    return {
        manifest.extraction_id: interval(manifest.interval) for manifest in _complete(lake, source, marks(lake, source))
    }


def is_complete(lake: Lake, source: Source, extraction_id: str) -> bool:
    """Whether every endpoint was extracted, with all its parts."""
    files = {(each.name, file) for each in source.endpoints for file in _files(lake, each.name, extraction_id)}
    return is_whole(source, files)


def read_manifest(lake: Lake, endpoint: str, extraction_id: str) -> Manifest:
    """The manifest of an endpoint's complete extraction; parts are merged and their pages numbered consecutively."""
    return _merged(lake, endpoint, extraction_id, _files(lake, endpoint, extraction_id))


def _merged(lake: Lake, endpoint: str, extraction_id: str, files: Iterable[str]) -> Manifest:
    """The one manifest that those among the files are together."""
    manifests = (file for file in files if file.endswith("manifest.json"))
    parts = [read(lake, f"{_folder(endpoint, extraction_id)}/{file}") for file in sorted(manifests, key=_by_part)]
    if not parts:
        raise lake.damaged(f"{_folder(endpoint, extraction_id)}/manifest.json")
    if len({(part.interval, part.origin) for part in parts}) > 1:
        raise UsageError(
            f"The parts of extraction {extraction_id} cover different days, or come from different APIs.",
            hint="Extract all of them again, with a new --extraction and the same --from and --to.",
        )
    pages = enumerate((page for part in parts for page in part.pages), start=1)
    return replace(parts[0], pages=tuple(replace(page, number=number) for number, page in pages), part=None)


def read(lake: Lake, path: str) -> Manifest:
    """Read a `manifest.json` or `progress.json`."""
    return _read(lake, path)[0]


def is_about(source: Source, kept: tuple[str, str] | None, interval: DataInterval | None) -> bool:
    """Whether an extraction is of the interval wanted: any, if none was given and the source is read by days."""
    return kept == days(interval) or (interval is None and not source.serves_everything)


def days(interval: DataInterval | None) -> tuple[str, str] | None:
    """An interval as manifests write it."""
    return None if interval is None else (interval.start.isoformat(), interval.end.isoformat())


def interval(days: tuple[str, str] | None) -> DataInterval | None:
    """The interval that a manifest has written; None means everything. Raises: ValueError."""
    return None if days is None else DataInterval.parse(*days)


def _complete(lake: Lake, source: Source, marked: Marks, but: Collection[str] = ()) -> Iterator[Manifest]:
    """The first endpoint's manifest of each complete extraction, without those in `but`, oldest first."""
    first = source.endpoints[0].name
    complete = (
        (each, [file for endpoint, file in files if endpoint == first])
        for each, files in sorted(marked.items())
        if each not in but and is_whole(source, files)
    )
    return map_concurrently(lambda each: _merged(lake, first, *each), complete)


def _folder(endpoint: str, extraction_id: str) -> str:
    return layout.folder("bronze", endpoint, extraction_id)


def _files(lake: Lake, endpoint: str, extraction_id: str) -> list[str]:
    """Files of an extraction, relative to its folder."""
    folder = _folder(endpoint, extraction_id)
    return [path.removeprefix(f"{folder}/") for path in lake.list(folder)]


def _by_part(file: str) -> int:
    found = PART.match(file)
    return int(found[1]) if found else 0


def _page_file(manifest: Manifest, number: int) -> str:
    return f"{manifest.folder}/page-{number:05}.json.gz"


def _keep(lake: Lake, manifest: Manifest, page: Page) -> PageEntry:
    file = _page_file(manifest, page.number)
    lake.write(file, gzip.compress(page.body, compresslevel=4, mtime=0))
    return PageEntry(
        page.number,
        file,
        page.url,
        page.status,
        len(page.body),
        hashlib.sha256(page.body).hexdigest(),
        page.records,
        page.received_at.isoformat(),
        dict(page.about),
    )


def _entry_file(manifest: Manifest, number: int) -> str:
    return f"{manifest.folder}/progress/{number:05}.json"


def _resumed(lake: Lake, fresh: Manifest, kept: Collection[str]) -> Manifest:
    """The pages stored so far, up to the first gap; none if they were requested differently."""
    if f"{fresh.folder}/progress.json" not in kept:
        return fresh
    begun = _require_same(read(lake, f"{fresh.folder}/progress.json"), fresh)
    files = [file for file in kept if file.startswith(f"{fresh.folder}/progress/")]
    if (begun.page_size, begun.question) != (fresh.page_size, fresh.question):
        lake.delete_folder(f"{fresh.folder}/progress")
        return fresh
    entries = list(map_concurrently(lambda file: _read_entry(lake, file), files))
    pages = tuple(entry for number, (entry, _) in enumerate(entries, start=1) if entry.number == number)
    return replace(fresh, pages=pages, is_whole=bool(pages) and entries[len(pages) - 1][1])


def _read_entry(lake: Lake, path: str) -> tuple[PageEntry, bool]:
    """A page's entry, and whether it is the last page."""
    try:
        fields = json.loads(lake.read(path))
        is_last = fields.pop("is_last")
        del fields["host"], fields["pid"], fields["at"]
        return PageEntry(**fields), is_last
    except (ValueError, TypeError, LookupError) as error:
        raise lake.damaged(path) from error


def _forget(lake: Lake, manifest: Manifest, kept: Collection[str]) -> None:
    """Delete the files that mark an extraction as under way."""
    lake.delete_folder(f"{manifest.folder}/progress")
    if f"{manifest.folder}/progress.json" in kept:
        lake.delete(f"{manifest.folder}/progress.json")


def _signature(is_last: bool | None = None) -> dict[str, Any]:
    """Which process is writing this, and when."""
    writer = {"host": socket.gethostname(), "pid": os.getpid(), "at": datetime.now(UTC).isoformat()}
    return writer if is_last is None else {"is_last": is_last} | writer


def _json(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, indent=1).encode()


def _write(lake: Lake, manifest: Manifest, file: str) -> None:
    lake.write(f"{manifest.folder}/{file}", _json(asdict(manifest) | _signature()))


def _read(lake: Lake, path: str) -> tuple[Manifest, dict[str, Any]]:
    """A manifest, and which process wrote it and when: host, pid, at."""
    try:
        fields = {RENAMED.get(name, name): value for name, value in json.loads(lake.read(path)).items()}
        writer = {name: fields.pop(name) for name in ("host", "pid", "at")}
        interval = days(DataInterval.parse(*fields["interval"])) if fields["interval"] else None
        folder = path.rpartition("/")[0]  # the first version named pages within it
        named = [
            page | {"file": page["file"] if "/" in page["file"] else f"{folder}/{page['file']}"}
            for page in fields["pages"]
        ]
        pages = tuple(PageEntry(**page) for page in named)
        return Manifest(**fields | {"interval": interval, "pages": pages}), writer
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise lake.damaged(path) from error


def _require_same(kept: Manifest, fresh: Manifest) -> Manifest:
    """What is stored, if it is of the same interval and origin as what is wanted now. Raises: UsageError."""
    if (kept.interval, kept.origin) == (fresh.interval, fresh.origin):
        return kept
    what = f"[{', '.join(kept.interval)})" if kept.interval else "everything"
    raise UsageError(
        f"Extraction {kept.extraction_id} is about {what} from {kept.origin}.",
        hint="Give its --from and --to, or leave out --extraction.",
    )


def _paths(lake: Lake, source: Source, since: datetime | None) -> Iterator[str]:
    """All files, or those of extractions begun since; then only the folders of those days are listed."""
    folders = [f"bronze/{endpoint.name}" for endpoint in source.endpoints]
    if since is None:
        listed = map_concurrently(lake.list_many, folders)
    else:
        days = [since.date() + timedelta(n) for n in range((today() - since.date()).days + 1)]
        of_days = (f"{folder}/{layout.day(day)}" for folder in folders for day in days)
        listed = map_concurrently(lake.list_files, of_days)
    return (file.path for files in listed for file in files)


def is_whole(source: Source, files: Collection[tuple[str, str]]) -> bool:
    """Whether these files of an extraction, each with its endpoint, show every endpoint complete with all parts."""
    return all(_has_all({file for name, file in files if name == endpoint.name}) for endpoint in source.endpoints)


def _has_all(files: set[str]) -> bool:
    """Whether an endpoint has its manifest, or the manifests of all its parts."""
    parts = {int(found[1]): int(found[2]) for file in files if (found := PART.fullmatch(file))}
    return "manifest.json" in files or (bool(parts) and set(parts) == set(range(1, max(parts.values()) + 1)))


def _last_writer(lake: Lake, manifest: Manifest, writer: dict[str, Any]) -> dict[str, Any]:
    """Which process wrote last: the newest page's entry knows, or else `progress.json`."""
    entries = lake.list(f"{manifest.folder}/progress")
    if not entries:
        return writer
    try:
        fields = json.loads(lake.read(entries[-1]))
        return {name: fields[name] for name in ("host", "pid", "at")}
    except (ValueError, TypeError, LookupError, LakeUnavailableError):  # damaged, or just finished
        return writer


def _may_be_alive(writer: dict[str, Any], now: datetime) -> bool:
    """Whether the process that wrote this may still be running."""
    if writer["host"] != socket.gethostname():
        return now - datetime.fromisoformat(writer["at"]) < SILENCE
    try:
        os.kill(writer["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return bool(writer["pid"] != os.getpid())
